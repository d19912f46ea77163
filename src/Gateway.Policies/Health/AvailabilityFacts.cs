namespace BlazeGateway.Policies.Health;

/// <summary>What YARP's own health checks of a cluster say of a destination.</summary>
internal enum YarpVerdict : byte
{
    None,

    /// <summary>Unhealthy by the passive check.</summary>
    Failing,

    /// <summary>Unhealthy by the active check.</summary>
    Dead,
}

/// <summary>Everything the state machine knows of one destination. Plain values; times are counted from the gateway's start.</summary>
internal readonly record struct AvailabilityFacts
{
    /// <summary>A destination of which nothing is known: up.</summary>
    public AvailabilityFacts()
    {
    }

    /// <summary>The state.</summary>
    public AvailabilityState State { get; init; } = AvailabilityState.Up;

    /// <summary>Why it is in it.</summary>
    public AvailabilityReason Reason { get; init; } = AvailabilityReason.Assumed;

    /// <summary>When it came into it.</summary>
    public TimeSpan Since { get; init; }

    /// <summary>Grows whenever the destination is taken out of service, so that attempts from before say nothing about the time after.</summary>
    public int Epoch { get; init; }

    /// <summary>Attempts failed in a row.</summary>
    public int Failures { get; init; }

    /// <summary>Probes failed in a row.</summary>
    public int ProbeFailures { get; init; }

    /// <summary>Probes succeeded in a row.</summary>
    public int ProbeSuccesses { get; init; }

    /// <summary>Whether a probe ever succeeded.</summary>
    public bool IsSeen { get; init; }

    /// <summary>Whether the gateway's probes hold it to be dead.</summary>
    public bool IsProbedDead { get; init; }

    /// <summary>What YARP's checks say.</summary>
    public YarpVerdict Yarp { get; init; }

    /// <summary>Ejections that lengthen the next one.</summary>
    public int Ejections { get; init; }

    /// <summary>When the ejection ends by itself.</summary>
    public TimeSpan EjectedUntil { get; init; }

    /// <summary>Whether its streams stood still and none has begun since: then a trial is settled by the first chunk, and probes bring it back no more.</summary>
    public bool WasWedged { get; init; }

    /// <summary>Whether a successful probe ends the ejection.</summary>
    public bool ProbeEnds { get; init; }

    /// <summary>When it last came back into service.</summary>
    public TimeSpan ReturnedAt { get; init; }

    /// <summary>When easing in began; null when it is not being eased in.</summary>
    public TimeSpan? SlowStartFrom { get; init; }

    /// <summary>Whether it is known to serve nothing.</summary>
    public bool IsDead => IsProbedDead || Yarp == YarpVerdict.Dead;

    /// <summary>Whether it may be picked.</summary>
    public bool IsAvailable => State is AvailabilityState.Up || (State is AvailabilityState.Suspect && !IsDead);

    /// <summary>Whether an operator isolated it.</summary>
    public bool IsIsolated => State is AvailabilityState.Draining && Reason is AvailabilityReason.Isolated;

    /// <summary>Whether it counts against the share that may be ejected.</summary>
    public bool IsEjected => State is AvailabilityState.Ejected or AvailabilityState.Wedged;
}

/// <summary>What the state machine has to know besides.</summary>
/// <param name="Now">Time since the gateway's start.</param>
/// <param name="Rules">The cluster's rules.</param>
/// <param name="MayEject">Whether the cluster may have one more ejected destination.</param>
/// <param name="Chance">A number from 0 to 1.</param>
internal readonly record struct AvailabilityCircumstances(TimeSpan Now, AvailabilityRules Rules, bool MayEject, double Chance)
{
    /// <summary>How long an ejection lasts because the circuit opened for as long; null for the ejection's own length.</summary>
    public TimeSpan? Break { get; init; }
}
