using System.Threading.RateLimiting;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.RateLimiting;
using Prometheus;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Step Limit: takes a permit of every limit of the route, or of none. Not in the plan of a route without limits.</summary>
internal sealed class LimitStep
{
    private readonly RouteLimit[] _limits;

    private LimitStep(RouteLimit[] limits) => _limits = limits;

    /// <summary>The step of a route; null when it has no limits.</summary>
    public static LimitStep? Compile(string route, LimitsOptions options, PermitTable permits, RouteMetrics metrics)
    {
        var scope = PartitionKey.ScopeOf("route", route);
        var limits = new List<RouteLimit>(2);
        if (options.PerClient.Concurrent is { } each)
        {
            limits.Add(new RouteLimit(
                new ConcurrencyLimit(permits, scope, each, perClient: true),
                $"This client has {each} {(each == 1 ? "request" : "requests")} in flight, the most this route allows one client. Retry when one of them has ended.",
                metrics,
                "client_concurrent"));
        }

        if (options.PerEndpoint.Concurrent is { } all)
        {
            limits.Add(new RouteLimit(
                new ConcurrencyLimit(permits, scope, all, perClient: false),
                $"This route has {all} {(all == 1 ? "request" : "requests")} in flight, the most it allows. Retry after the time given.",
                metrics,
                "endpoint_concurrent"));
        }

        return limits.Count == 0 ? null : new LimitStep([.. limits]);
    }

    /// <summary>Null when the request may go on, with leases in the context; else why not, with none.</summary>
    public GatewayError? Take(RequestContext context)
    {
        foreach (var limit in _limits)
        {
            var lease = limit.Limiter.AttemptAcquire(context.Client);
            if (!lease.IsAcquired)
            {
                context.Leases.Release();
                context.ErrorMessage = limit.Message;
                limit.Rejected?.Inc();
                return GatewayError.RateLimitExceeded;
            }

            context.Leases.Add(lease);
        }

        foreach (var limit in _limits)
        {
            limit.Allowed?.Inc();
        }

        return null;
    }

    private sealed class RouteLimit(PartitionedRateLimiter<Client> limiter, string message, RouteMetrics metrics, string name)
    {
        public PartitionedRateLimiter<Client> Limiter { get; } = limiter;

        public string Message { get; } = message;

        public Counter.Child? Allowed { get; } = metrics.LimitDecision(name, "allowed");

        public Counter.Child? Rejected { get; } = metrics.LimitDecision(name, "rejected");
    }
}
