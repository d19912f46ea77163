namespace BlazeGateway.EndToEnd.Wire.Chaos;

/// <summary>What a connection does instead of carrying bytes.</summary>
internal enum ChaosMode
{
    /// <summary>It carries bytes.</summary>
    Carry,

    /// <summary>It is accepted, read and never answered; the destination sees nothing of it.</summary>
    NeverAnswer,

    /// <summary>It is accepted and not read: what a client sends fills the buffers of both ends.</summary>
    NeverRead,

    /// <summary>Bytes and ends of both directions vanish, also of connections that carried some before, as behind a cable that is cut.</summary>
    Drop,
}

/// <summary>How a <see cref="ChaosProxy"/> treats connections. The default carries everything at once.</summary>
internal sealed record ChaosPlan
{
    /// <summary>Carries everything at once.</summary>
    public static ChaosPlan None { get; } = new();

    /// <summary>Whether bytes are carried at all.</summary>
    public ChaosMode Mode { get; init; }

    /// <summary>How long each piece of either direction is held before it is passed on. Default: not at all.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Bytes a second of an answer. Default: null, as fast as it comes.</summary>
    public int? BytesPerSecond { get; init; }

    /// <summary>Bytes of each write of an answer. Default: null, as they come.</summary>
    public int? SliceBytes { get; init; }

    /// <summary>Bytes of answers a connection carries before both its ends are reset; 0: none. Default: null, never.</summary>
    public long? ResetAfterBytes { get; init; }

    /// <summary>How long the end of an answer's connection is held back. Default: not at all.</summary>
    public TimeSpan SlowClose { get; init; }
}
