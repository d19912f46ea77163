namespace BlazeGateway.Demo.ModelServer.Faults;

/// <summary>What a fault does.</summary>
internal enum FaultKind
{
    /// <summary>Stops listening and resets every connection, as a dead process would.</summary>
    Refuse,

    /// <summary>Goes silent at a place and stays so until the client leaves.</summary>
    Hang,

    /// <summary>Resets the connection at a place.</summary>
    Reset,

    /// <summary>Closes the connection at a place without the end of the answer.</summary>
    Close,

    /// <summary>Ends the answer properly at a place, without the dialect's own end.</summary>
    End,

    /// <summary>Writes an error of the dialect into the stream at a place, then ends it.</summary>
    Error,

    /// <summary>Sends the answer a few bytes at a time.</summary>
    Drip,

    /// <summary>Answers a status instead.</summary>
    Status,

    /// <summary>Answers 503 to everything, health included, as while weights are loaded.</summary>
    Loading,

    /// <summary>Delays, fails or hangs <c>/health</c> only.</summary>
    Health,

    /// <summary>Lengthens every engine step by a factor.</summary>
    Slow,
}

/// <summary>Where in an answer a fault strikes.</summary>
internal enum FaultPlace
{
    /// <summary>Instead of the answer, before its first byte.</summary>
    Head,

    /// <summary>After so many whole frames.</summary>
    After,

    /// <summary>In the middle of the frame with this number, from 1.</summary>
    Mid,

    /// <summary>After so many bytes of the body.</summary>
    Bytes,
}

/// <summary>One rule of a <see cref="FaultPlan"/>.</summary>
internal sealed record FaultRule(FaultKind Kind)
{
    public FaultPlace Place { get; init; }

    /// <summary>Frames, frame number or bytes of <see cref="Place"/>; bytes per write of <see cref="FaultKind.Drip"/>.</summary>
    public int At { get; init; }

    /// <summary>Status of <see cref="FaultKind.Status"/>; for <see cref="FaultKind.Health"/> 503 when it fails, else 0.</summary>
    public int Status { get; init; }

    /// <summary>Factor of <see cref="FaultKind.Slow"/>.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Pause of <see cref="FaultKind.Drip"/>, delay of <see cref="FaultKind.Health"/> (infinite: hang).</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>Share of the requests it strikes, drawn by seed. Default: 1, all.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>Most requests it strikes. Default: no limit.</summary>
    public int Count { get; init; } = int.MaxValue;

    /// <summary>Requests it lets pass first. Default: 0.</summary>
    public int Skip { get; init; }

    /// <summary>How long it lasts from when it was set. Default: until replaced.</summary>
    public TimeSpan? Lasts { get; init; }

    /// <summary>Paths it strikes, by prefix. Default: null, every path but <c>/__sim</c>, <c>/health</c> and <c>/metrics</c>.</summary>
    public string? Path { get; init; }

    /// <summary>Seconds of <c>Retry-After</c> on a status. Default: null, none.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Whether it decides about single requests (and not about the listener, the engine or health).</summary>
    public bool IsPerRequest => Kind is not (FaultKind.Refuse or FaultKind.Health or FaultKind.Slow);
}
