using static BlazeGateway.Policies.Health.AvailabilityReason;
using static BlazeGateway.Policies.Health.AvailabilityState;

namespace BlazeGateway.Policies.Health;

/// <content>What the bytes of answers say, and their absence.</content>
internal static partial class AvailabilityMachine
{
    /// <summary>Whose answers advance is busy and not dead: the failures before are forgotten too, for they were not in a row.</summary>
    private static AvailabilityFacts Outranked(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        if (facts.State is not (Up or Suspect))
        {
            return facts;
        }

        var next = facts with { ProbeFailures = 0, IsProbedDead = false };
        return next is { State: Suspect, Failures: 0, IsDead: false } ? Enter(next, Up, Progress, at) : next;
    }

    /// <summary>Only of a destination that answers probes: one that does not is judged by that.</summary>
    private static AvailabilityFacts Stuck(in AvailabilityFacts facts, in AvailabilityCircumstances at) =>
        at.Rules.Ejects && facts is { State: Up or Suspect or HalfOpen, IsSeen: true, ProbeFailures: 0, IsDead: false }
            ? Eject(at.MayEject ? facts with { WasWedged = true } : facts, NoProgress, at, Wedged)
            : facts;
}
