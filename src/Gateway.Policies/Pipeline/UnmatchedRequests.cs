using System.Text;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Answers requests that match no route: a hint for whoever opens the root, 404 in the client's dialect for everything else.
/// They are counted and logged like any request, all under one route label.
/// </summary>
internal sealed class UnmatchedRequests(RequestMetrics metrics, IAccessLog log, RequestId ids, ClientDirectory clients, TimeProvider time)
{
    private const string Route = "unmatched";

    private static readonly byte[] Hint = Encoding.UTF8.GetBytes(
        """{"gateway":"BlazeGateway","hint":"This port serves clients. Try GET /v1/models or POST /v1/chat/completions; status and metrics are on the admin port."}""");

    private readonly RouteMetrics _route = metrics.Route(Route);

    /// <summary>Terminal middleware behind the routes.</summary>
    public Task InvokeAsync(HttpContext http) => AnswerAsync(http, http.Request.Path == "/" && HttpMethods.IsGet(http.Request.Method) ? null : GatewayError.RouteNotFound);

    /// <summary>Refuses a request before it is routed.</summary>
    public Task RefuseAsync(HttpContext http, GatewayError error) => AnswerAsync(http, error);

    private async Task AnswerAsync(HttpContext http, GatewayError? error)
    {
        var record = new AccessRecord
        {
            Started = time.GetTimestamp(),
            Method = http.Request.Method,
            Route = Route,
            RequestId = ids.Assign(http),
            ClientHash = clients.ByAddress(http).Id,
            BeforeForward = -1,
            ToHeaders = -1,
            ToFirstContent = -1,
            Pick = -1,
            Generation = -1,
            TokensIn = -1,
            TokensOut = -1,
            TokensCached = -1,
        };
        metrics.Started(record.Method);
        try
        {
            await (error is null ? HintAsync(http, record.RequestId) : ErrorAnswer.WriteAsync(http, error));
        }
        finally
        {
            record.Duration = time.GetTimestamp() - record.Started;
            record.StatusCode = http.Response.StatusCode;
            record.Outcome = error is null ? Outcome.Ok : error.Status < StatusCodes.Status500InternalServerError ? Outcome.ClientError : Outcome.GatewayError;
            record.ErrorCode = error?.Code;
            metrics.Settled(record, _route, null);
            log.Write(record);
        }
    }

    private static Task HintAsync(HttpContext http, string id)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = Hint.Length;
        http.Response.Headers[RequestId.Header] = id;
        return http.Response.Body.WriteAsync(Hint, http.RequestAborted).AsTask();
    }
}
