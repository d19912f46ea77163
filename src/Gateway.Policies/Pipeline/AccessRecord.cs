using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Everything the gateway keeps of one finished request. Filled once at settle, passed by reference, copied into the access log's queue.
/// Holds no prompt, header value, query or key. Times are <see cref="TimeProvider"/> timestamps or ticks of <see cref="TimeProvider.TimestampFrequency"/>;
/// −1 means that it did not happen.
/// </summary>
public struct AccessRecord
{
    /// <summary>Timestamp at which the pipeline took the request.</summary>
    public long Started { get; set; }

    /// <summary>From <see cref="Started"/> to the end.</summary>
    public long Duration { get; set; }

    /// <summary>From <see cref="Started"/> until the request was handed to the forwarder: the gateway's own time before, and <see cref="Queued"/>.</summary>
    public long BeforeForward { get; set; }

    /// <summary>Part of it that the request waited in its cluster's queue; −1 when it did not.</summary>
    public long Queued { get; set; }

    /// <summary>From the hand-over to the answer's headers.</summary>
    public long ToHeaders { get; set; }

    /// <summary>From <see cref="Started"/> to the first chunk with content (TTFT of a stream; end of the body otherwise).</summary>
    public long ToFirstContent { get; set; }

    /// <summary>Time the pick took.</summary>
    public long Pick { get; set; }

    /// <summary>Sum of gaps between content chunks after the first; divided by output tokens it is the time per output token.</summary>
    public long Generation { get; set; }

    /// <summary>Part of <see cref="Generation"/> in which the next chunk was not asked for, because the client had not taken the one before.</summary>
    public long Held { get; set; }

    /// <summary>Value of <c>X-Request-Id</c>, kept or made.</summary>
    public string RequestId { get; set; }

    /// <summary>W3C trace id, or null.</summary>
    public string? TraceId { get; set; }

    /// <summary>HTTP method.</summary>
    public string Method { get; set; }

    /// <summary>Route id.</summary>
    public string Route { get; set; }

    /// <summary>Name of the client whose key the request carried, or null.</summary>
    public string? Client { get; set; }

    /// <summary>Keyed hash of the client's name or address, whose secret lives as long as the process; 0 when the client was not identified.</summary>
    public ulong ClientHash { get; set; }

    /// <summary>Cluster id, or null when none was reached.</summary>
    public string? Cluster { get; set; }

    /// <summary>Destination id, or null when none was picked.</summary>
    public string? Destination { get; set; }

    /// <summary>Load-balancing policy name, or null.</summary>
    public string? Strategy { get; set; }

    /// <summary>Model label: a name from configuration or a destination's list, <c>other</c>, or null on routes without AI awareness.</summary>
    public string? Model { get; set; }

    /// <summary>Code of the gateway's own error, or null.</summary>
    public string? ErrorCode { get; set; }

    /// <summary>Operation read from the path.</summary>
    public Operation Operation { get; set; }

    /// <summary>How it ended.</summary>
    public Outcome Outcome { get; set; }

    /// <summary>Whether the client asked for a stream.</summary>
    public bool Stream { get; set; }

    /// <summary>Status code sent, 499 when the client left before one was.</summary>
    public int StatusCode { get; set; }

    /// <summary>Attempts made, 0 when refused before the first.</summary>
    public int Attempts { get; set; }

    /// <summary>Body bytes received from the client.</summary>
    public long BytesIn { get; set; }

    /// <summary>Body bytes received from the destination.</summary>
    public long BytesOut { get; set; }

    /// <summary>Prompt tokens by the destination's own count, −1 unknown.</summary>
    public int TokensIn { get; set; }

    /// <summary>Output tokens by the destination's own count, else content chunks counted, −1 unknown.</summary>
    public int TokensOut { get; set; }

    /// <summary>Prompt tokens served from the prefix cache, −1 unknown.</summary>
    public int TokensCached { get; set; }
}
