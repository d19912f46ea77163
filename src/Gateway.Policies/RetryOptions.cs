using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Policies;

/// <summary>When a request whose destination failed is sent to another one. Never after the first byte of an answer was passed on, unless <see cref="RouteExtensions.Continuation"/> has streams go on; its attempts count here too.</summary>
public sealed record RetryOptions
{
    /// <summary>
    /// Most destinations one request is sent to, the first included; those that limit their rate (429) are not counted. 1 sends no request a second time. Default: 3.
    /// </summary>
    [Range(1, 10)]
    public int MaxAttempts { get; init; } = 3;

    /// <summary>
    /// Whether a request is sent once more that its destination may have begun to work on: the connection broke off before the answer, the answer was 502, 503
    /// or 504, or the destination was taken out meanwhile. Default: null, which means yes for inference requests that leave nothing behind (no Responses API, no
    /// <c>store</c>, no <c>background</c>) and for GET, HEAD and OPTIONS, and no for all others. Bodies that are not held in memory are never sent again.
    /// </summary>
    public bool? AfterSend { get; init; }
}

/// <summary>
/// How many attempts beyond the first the requests of a cluster may make: a part of the requests, and some a second. Up to ten seconds of the latter and the part of
/// a thousand requests are saved up. Connections that fail, rate limits and requests that waited for a destination that was taken out are counted and never refused.
/// </summary>
public sealed record RetryBudgetOptions
{
    /// <summary>Attempts beyond the first, as a part of the requests. Default: 0.1.</summary>
    [Range(0.0, 1.0)]
    public double Ratio { get; init; } = 0.1;

    /// <summary>Attempts beyond the first a second, whatever the number of requests. Default: 3.</summary>
    [Range(0.0, 1000.0)]
    public double PerSecond { get; init; } = 3;
}
