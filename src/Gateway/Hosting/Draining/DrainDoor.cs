using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using Microsoft.AspNetCore.Connections.Features;

namespace BlazeGateway.Hosting.Draining;

/// <summary>What clients' requests pass that come while the process stops; before that it costs them the reading of one field.</summary>
internal sealed class DrainDoor(Drain drain, UnmatchedRequests refusals, RequestDelegate next)
{
    public Task EnterAsync(HttpContext http)
    {
        if (drain.Phase == DrainPhase.Serving)
        {
            return next(http);
        }

        // HTTP/1.1 answers with "Connection: close", HTTP/2 sends GOAWAY: the client's next request opens a connection, elsewhere if it can.
        http.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        return drain.Refuses ? refusals.RefuseAsync(http, GatewayError.Draining) : next(http);
    }
}
