using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Policies;

/// <summary>What a route says under <c>Extensions</c> in <c>config/routes.json</c>. Every member has a default that is right for most routes.</summary>
public sealed record RouteExtensions
{
    /// <summary>
    /// Whether requests of this route are read as AI requests (body peek, model routing, stream observation).
    /// Default: null, which means yes when the route has <see cref="Models"/> or its cluster has a <c>ModelServer</c>.
    /// </summary>
    public bool? Inference { get; init; }

    /// <summary>
    /// Public model names this route serves. The key is a name, an alias, or a pattern with one trailing <c>*</c>; the longest match wins.
    /// Default: empty, which means every model the route's own cluster serves.
    /// </summary>
    public Dictionary<string, ModelRouteOptions> Models { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Time limits of one request. Values not set here are taken from the cluster.</summary>
    public TimeoutOptions Timeouts { get; init; } = new();

    /// <summary>When a request whose destination failed is sent to another one.</summary>
    public RetryOptions Retry { get; init; } = new();

    /// <summary>Whether a stream whose destination broke off in the middle goes on from another one. Default: it does not.</summary>
    public ContinuationOptions Continuation { get; init; } = new();

    /// <summary>
    /// Whether a request must carry the key of a known client; else 401 <c>missing_api_key</c>. Default: null, what <c>Clients:RequireKey</c> says.
    /// </summary>
    public bool? RequireKey { get; init; }

    /// <summary>How much may be asked of the route. Default: nothing is limited.</summary>
    public LimitsOptions Limits { get; init; } = new();

    /// <summary>How much of a request body may be held in memory.</summary>
    public RequestBodyOptions RequestBody { get; init; } = new();

    /// <summary>What is added to or restored in answers. Nothing is by default.</summary>
    public ResponseOptions Response { get; init; } = new();

    /// <summary>Whether the client's own <c>Authorization</c>, <c>x-api-key</c> and <c>api-key</c> reach the model server. Default: false.</summary>
    public bool ForwardClientCredentials { get; init; }

    /// <summary>Whether management paths of model servers (pull, delete, load adapter, sleep, slots) may be called. Default: false, answered 403.</summary>
    public bool AllowManagementPaths { get; init; }
}

/// <summary>Where requests for one public model name go.</summary>
public sealed record ModelRouteOptions
{
    /// <summary>Cluster that serves the model. Default: null, which means the route's own cluster.</summary>
    public string? Cluster { get; init; }

    /// <summary>Model name the model server knows, written into the body in place of the public one. Default: null, name unchanged.</summary>
    [StringLength(256, MinimumLength = 1)]
    public string? Rewrite { get; init; }

    /// <summary>Public model names tried in order when no destination of this one can answer. Default: empty.</summary>
    public List<string> Fallback { get; init; } = [];
}

/// <summary>Time limits of one request. A null value is inherited: route over cluster over default.</summary>
public sealed record TimeoutOptions
{
    private const string Shortest = "00:00:00.0000001";
    private const string Longest = "1.00:00:00";

    /// <summary>From the last byte of the request sent to the first byte of the answer, 24 h at most. Default: 5 minutes (a long prefill is work, not a fault).</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)]
    public TimeSpan? FirstByte { get; init; }

    /// <summary>Between two reads of a streaming answer, 24 h at most. Default: 1 minute.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)]
    public TimeSpan? BetweenChunks { get; init; }

    /// <summary>The whole request, queueing and every attempt included, 24 h at most. Default: none.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)]
    public TimeSpan? Total { get; init; }
}

/// <summary>Limits of a route. A request passes all of them or takes nothing of any; when it may not pass it is answered 429 <c>rate_limit_exceeded</c>.</summary>
public sealed record LimitsOptions
{
    /// <summary>Limits each client has for itself.</summary>
    public LimitOptions PerClient { get; init; } = new();

    /// <summary>Limits all clients of the route have together.</summary>
    public LimitOptions PerEndpoint { get; init; } = new();
}

/// <summary>One set of limits.</summary>
public sealed record LimitOptions
{
    /// <summary>Requests in flight at once, from their arrival to the end of their answer. Default: null, any number.</summary>
    [Range(1, 1_000_000)]
    public int? Concurrent { get; init; }
}

/// <summary>Bounds on request bodies held in memory while they are read.</summary>
public sealed record RequestBodyOptions
{
    /// <summary>Largest body of an inference request, bytes. Above it: 413 <c>payload_too_large</c>. Default: 10 MiB; 32 MiB suits multimodal routes.</summary>
    [Range(1024, 1L << 30)]
    public long MaxBytes { get; init; } = 10L * 1024 * 1024;

    /// <summary>Longest time the body of an inference request may take to come, 1 s to 1 h. Above it: 408 <c>request_timeout</c>. Default: 5 minutes, 35 KB/s for the largest body.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>What the gateway adds to answers or puts back into them.</summary>
public sealed record ResponseOptions
{
    /// <summary>Ask for token counts on every stream of chat completions and completions, and remove them again unless the client asked too. Default: false.</summary>
    public bool MeterUsage { get; init; }

    /// <summary>After a rewrite, write the public model name back into answers. Default: false (bytes pass as they are).</summary>
    public bool RestoreModelName { get; init; }

    /// <summary>
    /// What a client still gets of a stream that its destination broke off between two events: <c>event</c>, one more event that is the error, or
    /// <c>cut</c>, nothing. In both cases its connection breaks off as well, for libraries that read past error events. Default: <c>event</c>.
    /// </summary>
    [AllowedValues(BrokenStreams.Event, BrokenStreams.Cut)]
    public string BrokenStream { get; init; } = BrokenStreams.Event;

    /// <summary>Add <c>X-Blaze-Destination</c> with the destination's id. Default: false.</summary>
    public bool DestinationHeader { get; init; }

    /// <summary>Add <c>X-Blaze-Decision</c>, which says how the destination was picked: strategy, destination, among how many, what was predicted. Default: false.</summary>
    public bool DecisionHeader { get; init; }

    /// <summary>Add <c>Server-Timing</c> with the gateway's own time and the model server's. Default: false.</summary>
    public bool ServerTiming { get; init; }
}

/// <summary>Values of <see cref="ResponseOptions.BrokenStream"/>.</summary>
public static class BrokenStreams
{
    /// <summary>One more event, in the client's dialect, before the connection or stream breaks off.</summary>
    public const string Event = "event";

    /// <summary>The client's connection or stream breaks off.</summary>
    public const string Cut = "cut";
}
