using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Health;

/// <summary>What the findings of probes mean for the state machine.</summary>
internal static class ProbeEvents
{
    public static AvailabilityEvent Of(ProbeFinding finding) => finding.Kind switch
    {
        ProbeFindingKind.Alive => new(AvailabilityInput.ProbeSucceeded),
        ProbeFindingKind.Loading => new(AvailabilityInput.ProbeLoading),
        ProbeFindingKind.Refused => new(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeRefused) { IsConclusive = true, IsHard = finding.IsHard },
        ProbeFindingKind.Silent => new(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeSilent) { IsHard = finding.IsHard },
        ProbeFindingKind.Broken => new(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeBroken) { IsHard = finding.IsHard },
        ProbeFindingKind.ServerError => new(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeServerError) { IsHard = finding.IsHard },
        ProbeFindingKind.Unavailable => new(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeUnavailable) { IsHard = finding.IsHard },

        // The resolver's fault more often than the server's; connections that stand still work.
        _ => new(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeUnresolved),
    };
}
