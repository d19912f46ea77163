using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Explain;

/// <summary>What would happen to a request: its route, cluster, destinations and limits, and why the other routes did not get it.</summary>
internal sealed record Explanation
{
    public string? Route { get; init; }

    public string? Cluster { get; init; }

    /// <summary>Why there is no route or cluster.</summary>
    public string? Problem { get; init; }

    /// <summary>Name sent to the model server; null when it is the client's own or no model was named.</summary>
    public string? Rewrite { get; init; }

    public IReadOnlyList<string> Fallback { get; init; } = [];

    public IReadOnlyDictionary<string, string> Destinations { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    public string? LoadBalancingPolicy { get; init; }

    /// <summary>Limits in effect by name, as text.</summary>
    public IReadOnlyDictionary<string, string> Limits { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public required IReadOnlyList<RouteVerdict> Routes { get; init; }

    public static async Task<Explanation> CreateAsync(RoutesSnapshot snapshot, ExplainedRequest request, string? model)
    {
        var verdicts = await new RouteExplainer(snapshot.Routes).ExplainAsync(request);
        if (verdicts.FirstOrDefault(static verdict => verdict.Wins) is not { } winner)
        {
            return new Explanation { Routes = verdicts, Problem = "no route serves this request" };
        }

        var route = snapshot.Routes.First(route => route.RouteId == winner.RouteId);
        var extensions = ExtensionsCarrier.Read(route);
        var table = ModelTable.Compile(extensions.Models, route.ClusterId);
        var target = model is null || table.IsEmpty ? null : table.Find(model);
        if (model is not null && !table.IsEmpty && target is null)
        {
            return new Explanation { Routes = verdicts, Route = route.RouteId, Problem = $"the route does not serve the model '{model}'; answered 404 model_not_found" };
        }

        var clusterId = target?.Cluster ?? route.ClusterId;
        if (Find(snapshot, clusterId) is not { } cluster)
        {
            return new Explanation { Routes = verdicts, Route = route.RouteId, Problem = "the cluster depends on the model; name one with --model" };
        }

        return new Explanation
        {
            Routes = verdicts,
            Route = route.RouteId,
            Cluster = cluster.ClusterId,
            Rewrite = target?.Rewrite,
            Fallback = target is null ? [] : [.. target.Fallbacks.Select(static fallback => fallback.PublicName)],
            Destinations = cluster.Destinations!.ToDictionary(static pair => pair.Key, static pair => pair.Value.Address, StringComparer.OrdinalIgnoreCase),
            LoadBalancingPolicy = cluster.LoadBalancingPolicy,
            Limits = ExplainedLimits.Of(route, cluster, Find(snapshot, route.ClusterId)),
        };
    }

    private static ClusterConfig? Find(RoutesSnapshot snapshot, string? id) =>
        snapshot.Clusters.FirstOrDefault(cluster => string.Equals(cluster.ClusterId, id, StringComparison.OrdinalIgnoreCase));
}
