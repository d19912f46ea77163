namespace BlazeGateway.Policies.Health;

/// <summary>What may happen to a destination.</summary>
internal enum AvailabilityInput : byte
{
    /// <summary>An attempt was answered, completely and below 500.</summary>
    AttemptSucceeded,

    /// <summary>An attempt failed by the destination's fault.</summary>
    AttemptFailed,

    /// <summary>The one request of a half-open destination was answered below 500.</summary>
    TrialSucceeded,

    /// <summary>The one request of a half-open destination failed by the destination's fault.</summary>
    TrialFailed,

    /// <summary>An attempt failed, and so many did lately that its circuit opened.</summary>
    CircuitOpened,

    /// <summary>A probe found it alive.</summary>
    ProbeSucceeded,

    /// <summary>A probe found it failing.</summary>
    ProbeFailed,

    /// <summary>A probe failed, but bytes of answers came meanwhile.</summary>
    ProbeOutranked,

    /// <summary>A probe was told that it loads.</summary>
    ProbeLoading,

    /// <summary>Time has passed.</summary>
    Elapsed,

    /// <summary>An operator takes it out.</summary>
    Drained,

    /// <summary>An operator puts it back.</summary>
    Resumed,

    /// <summary>An operator isolates it: it is taken out, and only a reset puts it back.</summary>
    Isolated,

    /// <summary>An operator has everything forgotten that speaks against it.</summary>
    Reset,

    /// <summary>YARP's active check holds it to be unhealthy.</summary>
    DeclaredDead,

    /// <summary>YARP's passive check holds it to be unhealthy.</summary>
    DeclaredFailing,

    /// <summary>Neither of YARP's checks holds it to be unhealthy any more.</summary>
    DeclaredFine,

    /// <summary>More of the cluster is ejected than may be, and this one is let go first.</summary>
    Released,

    /// <summary>Another server stands behind it now.</summary>
    Replaced,

    /// <summary>It is not probed any more.</summary>
    ProbingEnded,

    /// <summary>All its streams stood still for longer than computing prompts explains.</summary>
    StoodStill,

    /// <summary>Requests wait and no other destination of the cluster has room for them.</summary>
    Needed,
}

/// <summary>One thing that happened to a destination.</summary>
/// <param name="Input">What.</param>
/// <param name="Reason">Why, where <paramref name="Input"/> does not tell.</param>
internal readonly record struct AvailabilityEvent(AvailabilityInput Input, AvailabilityReason Reason = AvailabilityReason.Assumed)
{
    /// <summary>Whether once is enough to believe it: a closed port is; a 5xx or silence may be a busy server.</summary>
    public bool IsConclusive { get; init; }

    /// <summary>Whether bytes of answers came since the probe before, so that it is the first that failed.</summary>
    public bool IsFirst { get; init; }

    /// <summary>Whether the failure shows that nothing can be served, so that the destination is left out even when all others are.</summary>
    public bool IsHard { get; init; }
}
