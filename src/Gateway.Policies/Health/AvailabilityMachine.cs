using static BlazeGateway.Policies.Health.AvailabilityInput;
using static BlazeGateway.Policies.Health.AvailabilityReason;
using static BlazeGateway.Policies.Health.AvailabilityState;

namespace BlazeGateway.Policies.Health;

/// <summary>The state machine of one destination: what is known, and what happened, give what is known next. Nothing else goes in or out.</summary>
internal static partial class AvailabilityMachine
{
    /// <summary>Longest doubling that stays below any sensible limit.</summary>
    private const int MostDoublings = 20;

    /// <summary>What is known after <paramref name="happened"/>.</summary>
    public static AvailabilityFacts Next(in AvailabilityFacts facts, in AvailabilityEvent happened, in AvailabilityCircumstances at) => happened.Input switch
    {
        AttemptSucceeded => Answered(facts, at),
        AttemptFailed => Failed(facts, happened, at),
        TrialSucceeded => facts.State == HalfOpen ? Return(facts, TrialAnswered, at) : Answered(facts, at),
        TrialFailed => facts.State == HalfOpen ? Tried(facts, happened.Reason, at) : Failed(facts, happened, at),
        CircuitOpened => facts.State is Up or Suspect ? Eject(facts, CircuitOpen, at) : facts,
        ProbeSucceeded => Alive(facts, at),
        ProbeOutranked => Outranked(facts, at),
        ProbeFailed => Unwell(facts, happened, at),
        AvailabilityInput.ProbeLoading => Loads(facts, AvailabilityReason.ProbeLoading, at),
        Elapsed => Later(facts, at),
        AvailabilityInput.Drained => facts.IsIsolated ? facts : Enter(facts with { SlowStartFrom = null }, Draining, AvailabilityReason.Drained, at),
        AvailabilityInput.Resumed => Resume(facts, at),
        AvailabilityInput.Isolated => Enter(facts with { SlowStartFrom = null }, Draining, AvailabilityReason.Isolated, at),
        AvailabilityInput.Reset => Reset(facts, at),
        DeclaredDead => Declare(facts with { Yarp = YarpVerdict.Dead }, YarpActive, at),
        DeclaredFailing => Declare(facts with { Yarp = YarpVerdict.Failing }, YarpPassive, at),
        DeclaredFine => Absolve(facts with { Yarp = YarpVerdict.None }, at),
        Released => Release(facts, at),
        Replaced => Replace(facts, at),
        AvailabilityInput.ProbingEnded => Unprobe(facts, at),
        StoodStill => Stuck(facts, at),
        AvailabilityInput.Needed => Need(facts, at),
        _ => facts,
    };

    /// <summary>Where failed attempts do not count, a failed trial is an attempt like others: a probe or the time of the ejection has let the destination back.</summary>
    private static AvailabilityFacts Tried(in AvailabilityFacts facts, AvailabilityReason reason, in AvailabilityCircumstances at) =>
        at.Rules.Ejects ? Eject(facts, reason, at) : Return(facts, BackOffOver, at);

    /// <summary>What probes have found says nothing any more, and nothing will come that takes it back.</summary>
    private static AvailabilityFacts Unprobe(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        var next = facts with { ProbeFailures = 0, ProbeSuccesses = 0, IsProbedDead = false, IsSeen = false };
        return facts.State switch
        {
            Loading => Return(next, AvailabilityReason.ProbingEnded, at),
            Suspect when next is { Failures: 0, IsDead: false } => Enter(next, Up, AvailabilityReason.ProbingEnded, at),
            Ejected or Wedged when IsOver(next, at) => Enter(next, HalfOpen, BackOffOver, at),
            _ => next,
        };
    }

    private static AvailabilityFacts Answered(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        if (facts.State is not (Up or Suspect))
        {
            return facts;
        }

        var next = facts with { Failures = 0 };
        return next is { State: Suspect, ProbeFailures: 0, IsDead: false } ? Enter(next, Up, Answers, at) : next;
    }

    private static AvailabilityFacts Failed(in AvailabilityFacts facts, in AvailabilityEvent happened, in AvailabilityCircumstances at)
    {
        if (facts.State is not (Up or Suspect) || !at.Rules.Ejects)
        {
            return facts;
        }

        var next = facts with { Failures = Math.Min(facts.Failures + 1, at.Rules.FailuresInARow) };
        return happened.IsConclusive || next.Failures >= at.Rules.FailuresInARow
            ? Eject(next, happened.Reason, at)
            : Enter(next, Suspect, happened.Reason, at);
    }

    private static AvailabilityFacts Alive(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        var next = facts with
        {
            ProbeFailures = 0,
            ProbeSuccesses = Math.Min(facts.ProbeSuccesses + 1, at.Rules.Rise),
            IsProbedDead = false,
            IsSeen = true,
        };
        return facts.State switch
        {
            Suspect when facts.IsDead && !next.IsDead => HalfOpenAfterProbe(next, at),
            Suspect when next is { Failures: 0, IsDead: false } => Enter(next, Up, ProbeAlive, at),
            Ejected when facts.ProbeEnds && !next.IsDead => HalfOpenAfterProbe(next, at),
            Loading when !next.IsDead => HalfOpenAfterProbe(next, at),
            HalfOpen when next.ProbeSuccesses >= at.Rules.Rise && !next.WasWedged && next.Reason != AvailabilityReason.Needed => Return(next, ProbeAlive, at),
            _ => next,
        };
    }

    private static AvailabilityFacts Unwell(in AvailabilityFacts facts, in AvailabilityEvent happened, in AvailabilityCircumstances at)
    {
        if (happened is { Reason: ProbeUnavailable, IsHard: true } && (!facts.IsSeen || facts.State == Loading))
        {
            return Loads(facts, ProbeUnavailable, at);
        }

        var next = facts with { ProbeFailures = Math.Min((happened.IsFirst ? 0 : facts.ProbeFailures) + 1, at.Rules.Fall), ProbeSuccesses = 0, ProbeEnds = true };
        var isBelieved = happened.IsConclusive || next.ProbeFailures >= at.Rules.Fall;
        next = isBelieved && happened.IsHard ? next with { IsProbedDead = true } : next;
        return facts.State switch
        {
            Up or Suspect when isBelieved && happened.IsHard && !facts.IsSeen => Enter(next, Loading, happened.Reason, at),
            Up or Suspect or HalfOpen when isBelieved => Eject(next, happened.Reason, at),
            Up or Suspect => Enter(next, Suspect, happened.Reason, at),
            Loading => Enter(next, Loading, happened.Reason, at),

            // Who ended it may start it anew, and then the time of the ejection is of no matter.
            Wedged when isBelieved && happened.IsHard => Enter(next, Ejected, happened.Reason, at),
            _ => next,
        };
    }

    private static AvailabilityFacts Loads(in AvailabilityFacts facts, AvailabilityReason reason, in AvailabilityCircumstances at)
    {
        var next = facts with { ProbeFailures = 0, ProbeSuccesses = 0, IsProbedDead = false };
        return facts.State is Draining ? next : Enter(next with { SlowStartFrom = null, Failures = 0, WasWedged = false }, Loading, reason, at);
    }

    private static AvailabilityFacts Later(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        var next = facts.SlowStartFrom is { } from && at.Now - from >= at.Rules.SlowStart ? facts with { SlowStartFrom = null } : facts;
        return IsOver(next, at) ? Enter(next with { ProbeSuccesses = 0 }, HalfOpen, BackOffOver, at) : next;
    }

    /// <summary>
    /// To leave out a destination that fails some requests is right while the others can do its work. One that may answer nothing, or only after a long wait, stays out all
    /// the same, and so does one whose break an operator chose.
    /// </summary>
    private static AvailabilityFacts Need(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        var mayHelp = facts is { State: Ejected, IsDead: false, Yarp: YarpVerdict.None }
            && (facts.Reason is ServerError or BrokenOff || (facts.Reason == CircuitOpen && at.Rules.Break is null))
            && at.Now - facts.Since >= at.Rules.Respite;
        return mayHelp ? Enter(facts with { ProbeSuccesses = 0 }, HalfOpen, AvailabilityReason.Needed, at) : facts;
    }

    private static AvailabilityFacts Resume(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        if (facts.State != Draining || facts.IsIsolated)
        {
            return facts;
        }

        // Whoever resumes a server that does not answer yet is about to start it.
        return facts switch
        {
            { IsProbedDead: true } => Enter(facts, Loading, AvailabilityReason.Resumed, at),
            { Yarp: YarpVerdict.Dead } => Declare(Return(facts, AvailabilityReason.Resumed, at), YarpActive, at),
            { Yarp: YarpVerdict.Failing } => Declare(Return(facts, AvailabilityReason.Resumed, at), YarpPassive, at),
            _ => Return(facts, AvailabilityReason.Resumed, at),
        };
    }

    /// <summary>What was known of it is forgotten, but for what YARP's checks say. One that an operator drained stays so.</summary>
    private static AvailabilityFacts Reset(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        var fresh = Fresh(facts) with { IsSeen = facts.IsSeen };
        if (facts.State == Draining && !facts.IsIsolated)
        {
            return fresh;
        }

        var back = facts.State is Up or Suspect
            ? Enter(fresh with { ReturnedAt = facts.ReturnedAt, SlowStartFrom = facts.SlowStartFrom }, Up, AvailabilityReason.Reset, at)
            : Return(fresh, AvailabilityReason.Reset, at);
        return facts.Yarp switch
        {
            YarpVerdict.Dead => Declare(back, YarpActive, at),
            YarpVerdict.Failing => Declare(back, YarpPassive, at),
            _ => back,
        };
    }

    private static AvailabilityFacts Declare(in AvailabilityFacts facts, AvailabilityReason reason, in AvailabilityCircumstances at)
    {
        if (facts.State is not (Up or Suspect or HalfOpen))
        {
            return facts;
        }

        // YARP tells when it is over, so there is no time of our own to serve.
        var next = Eject(facts, reason, at);
        return next.State == Ejected ? next with { EjectedUntil = at.Now, Ejections = facts.Ejections } : next;
    }

    private static AvailabilityFacts Absolve(in AvailabilityFacts facts, in AvailabilityCircumstances at) => facts switch
    {
        { IsEjected: true } when IsOver(facts, at) => Enter(facts with { ProbeSuccesses = 0 }, HalfOpen, facts.Reason, at),
        { State: Suspect, Reason: YarpActive or YarpPassive, IsDead: false } => Enter(facts with { ProbeSuccesses = 0 }, HalfOpen, facts.Reason, at),
        _ => facts,
    };

    private static AvailabilityFacts Release(in AvailabilityFacts facts, in AvailabilityCircumstances at) => facts switch
    {
        { IsEjected: true, IsDead: true } => Enter(facts, Suspect, EjectionCap, at),
        { IsEjected: true } => Enter(facts with { ProbeSuccesses = 0 }, HalfOpen, EjectionCap, at),
        _ => facts,
    };

    private static AvailabilityFacts Replace(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        var fresh = Fresh(facts);
        return facts.State == Draining ? fresh : Return(fresh, NewAddress, at);
    }

    private static AvailabilityFacts Fresh(in AvailabilityFacts facts) =>
        new() { Epoch = facts.Epoch + 1, Yarp = facts.Yarp, Since = facts.Since, State = facts.State, Reason = facts.Reason };

    private static bool IsOver(in AvailabilityFacts facts, in AvailabilityCircumstances at) =>
        facts is { IsEjected: true, IsDead: false, Yarp: YarpVerdict.None } && at.Now >= facts.EjectedUntil;

    private static AvailabilityFacts HalfOpenAfterProbe(in AvailabilityFacts facts, in AvailabilityCircumstances at) =>
        Enter(facts with { ProbeSuccesses = 1 }, HalfOpen, ProbeAlive, at);

    private static AvailabilityFacts Return(in AvailabilityFacts facts, AvailabilityReason reason, in AvailabilityCircumstances at) =>
        Enter(
            facts with
            {
                Failures = 0,
                ProbeFailures = 0,
                WasWedged = false,
                ReturnedAt = at.Now,
                SlowStartFrom = at.Rules.SlowStart > TimeSpan.Zero ? at.Now : null,
            },
            Up,
            reason,
            at);

    /// <summary>How long an ejection would last now.</summary>
    public static TimeSpan Length(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        var length = Math.Min(at.Rules.FirstEjection.Ticks * Math.Pow(2, Math.Min(Before(facts, at), MostDoublings)), at.Rules.LongestEjection.Ticks);
        return TimeSpan.FromTicks((long)(length * (1 + (at.Rules.Jitter * at.Chance))));
    }

    private static int Before(in AvailabilityFacts facts, in AvailabilityCircumstances at)
    {
        var served = facts.State == HalfOpen ? TimeSpan.Zero : at.Now - facts.ReturnedAt;
        return (int)Math.Max(0, facts.Ejections - Math.Floor(served / at.Rules.FirstEjection));
    }

    private static AvailabilityFacts Eject(in AvailabilityFacts facts, AvailabilityReason reason, in AvailabilityCircumstances at, AvailabilityState state = Ejected)
    {
        if (!at.MayEject)
        {
            return Enter(facts with { Failures = at.Rules.FailuresInARow }, Suspect, reason, at);
        }

        return Enter(
            facts with
            {
                Failures = 0,
                Ejections = Before(facts, at) + 1,
                EjectedUntil = at.Now + (at.Break ?? Length(facts, at)),
                ProbeEnds = reason.IsOfConnection(),
                SlowStartFrom = null,
            },
            state,
            reason,
            at);
    }

    private static AvailabilityFacts Enter(in AvailabilityFacts facts, AvailabilityState state, AvailabilityReason reason, in AvailabilityCircumstances at) =>
        facts.State == state
            ? facts with { Reason = reason }
            : facts with { State = state, Reason = reason, Since = at.Now, Epoch = facts.Epoch + (state is Ejected or HalfOpen or Loading or Wedged ? 1 : 0) };
}
