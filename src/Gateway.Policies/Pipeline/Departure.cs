using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Tells a client that left from a request that was given up for another reason. The token for both is the same.</summary>
internal static class Departure
{
    /// <summary>Whether the client left, as far as is known by now.</summary>
    public static bool Of(HttpContext http) => http.RequestAborted.IsCancellationRequested && !IsTimeout(http);

    /// <summary>Whether the route's <c>Timeout</c> or <c>TimeoutPolicy</c> ran out, which cancels the request as if the client had left.</summary>
    public static bool IsTimeout(HttpContext http) =>
        http.Features.Get<IHttpRequestTimeoutFeature>() is { } timeout && timeout.RequestTimeoutToken.IsCancellationRequested;
}
