using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Health;

/// <summary>What the findings of probes mean for the state machine.</summary>
internal static class ProbeEvents
{
    /// <summary>How long ago a byte may have come for a server that answers probes slowly or badly to be busy and not dead.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Whether bytes of answers say more than a probe that failed: those that came since it began, and of one that was answered badly or not at all also those of
    /// the last <see cref="Recent"/>. A closed port is closed, whatever came just before.
    /// </summary>
    /// <param name="finding">What the probe found.</param>
    /// <param name="lastByte">When the last byte came.</param>
    /// <param name="now">Time.</param>
    public static bool IsOutranked(in ProbeFinding finding, TimeSpan lastByte, TimeSpan now) => lastByte > TimeSpan.Zero && finding.Kind switch
    {
        ProbeFindingKind.Alive or ProbeFindingKind.NotAsked => false,
        ProbeFindingKind.Refused or ProbeFindingKind.Loading => lastByte > now - finding.Took,
        _ => lastByte > now - finding.Took || lastByte >= now - Recent,
    };

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
