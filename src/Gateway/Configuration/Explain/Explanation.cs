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

    /// <summary>Limits by name, as text.</summary>
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
        if (snapshot.Clusters.FirstOrDefault(cluster => string.Equals(cluster.ClusterId, clusterId, StringComparison.OrdinalIgnoreCase)) is not { } cluster)
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
            Limits = LimitsOf(route, extensions, ExtensionsCarrier.Read(cluster)),
        };
    }

    private static Dictionary<string, string> LimitsOf(RouteConfig route, RouteExtensions extensions, ClusterExtensions cluster)
    {
        var limits = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["FirstByte"] = Show(extensions.Timeouts.FirstByte ?? cluster.Timeouts.FirstByte ?? TimeSpan.FromMinutes(5)),
            ["BetweenChunks"] = Show(extensions.Timeouts.BetweenChunks ?? cluster.Timeouts.BetweenChunks ?? TimeSpan.FromMinutes(1)),
            ["Total"] = Show(extensions.Timeouts.Total ?? cluster.Timeouts.Total),
            ["RequestBody.ReadTimeout"] = Show(extensions.RequestBody.ReadTimeout),
            ["RequestBody.MaxBytes"] = extensions.RequestBody.MaxBytes.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        Add(limits, "Limits.PerClient.Concurrent", extensions.Limits.PerClient.Concurrent);
        Add(limits, "Limits.PerEndpoint.Concurrent", extensions.Limits.PerEndpoint.Concurrent);
        Add(limits, "Admission.MaxInFlight", cluster.Admission.MaxInFlight);
        Add(limits, "Admission.QueueLimit", cluster.Admission.QueueLimit);
        if (route.Timeout is { } timeout)
        {
            limits["Timeout"] = Show(timeout);
        }

        if (route.RateLimiterPolicy is { } rate)
        {
            limits["RateLimiterPolicy"] = rate;
        }

        return limits;
    }

    private static void Add(Dictionary<string, string> limits, string name, int? most)
    {
        if (most is { } number)
        {
            limits[name] = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    private static string Show(TimeSpan? time) => time?.ToString("c") ?? "none";
}
