using System.Collections.Immutable;
using System.Text.Json.Nodes;
using BlazeGateway.Policies;
using BlazeGateway.Policies.LoadBalancing;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Detection;

/// <summary>The routes and clusters made for the backends found.</summary>
internal sealed class DetectedGateway
{
    private const string OnlyCluster = "llm";
    private const string Schema = "./routes.schema.json";

    private DetectedGateway(ImmutableArray<DetectedBackend> backends, ImmutableArray<RouteConfig> routes, ImmutableArray<ClusterConfig> clusters)
    {
        Backends = backends;
        Routes = routes;
        Clusters = clusters;
    }

    /// <summary>What was found, in the order of the command line.</summary>
    public ImmutableArray<DetectedBackend> Backends { get; }

    /// <summary>What a user would not expect of the whole, one line each.</summary>
    public ImmutableArray<string> Notices { get; private init; } = [];

    /// <summary>Routes, with their extensions attached.</summary>
    public ImmutableArray<RouteConfig> Routes { get; }

    /// <summary>Clusters, with their extensions attached.</summary>
    public ImmutableArray<ClusterConfig> Clusters { get; }

    /// <summary>Puts backends into clusters so that each gets requests for the models it serves, and makes the routes that lead there.</summary>
    public static DetectedGateway Build(ImmutableArray<DetectedBackend> backends)
    {
        var groups = BackendGroup.Of(backends);
        DetectedCluster[] clusters = [.. groups.Select((group, i) => new DetectedCluster(groups.Count == 1 ? OnlyCluster : $"c{i + 1}", group))];
        var models = new DetectedModels(clusters);
        var routes = ImmutableArray.CreateBuilder<RouteConfig>();
        routes.Add(Route("openai", "/v1/{**rest}", clusters, models));
        DetectedCluster[] ollama = [.. clusters.Where(static c => c.Group.Kind == ModelServerKinds.Ollama)];
        if (ollama.Length > 0)
        {
            routes.Add(Route("ollama", "/api/{**rest}", ollama, new DetectedModels(ollama)));
        }

        var outlook = new BackendOutlook(clusters, models);
        return new DetectedGateway([.. backends.Select(outlook.Told)], routes.ToImmutable(), [.. clusters.Select(Cluster)])
        {
            Notices = [.. outlook.Notices()],
        };
    }

    /// <summary>The <c>routes.json</c> that means the same.</summary>
    public string ToRoutesJson()
    {
        var written = JsonNode.Parse(RoutesWriter.Write(Routes, Clusters))!.AsObject();
        var root = new JsonObject { ["$schema"] = Schema };
        foreach (var (key, value) in written)
        {
            root[key] = value?.DeepClone();
        }

        return root.ToJsonString(RoutesJsonFormat.Options) + "\n";
    }

    private static ClusterConfig Cluster(DetectedCluster cluster) =>
        ExtensionsCarrier.Attach(
            new ClusterConfig
            {
                ClusterId = cluster.Id,
                LoadBalancingPolicy = Strategies.Adaptive,
                Destinations = cluster.Group.Backends.ToDictionary(
                    b => b.Id, b => new DestinationConfig { Address = b.Address.AbsoluteUri }, StringComparer.OrdinalIgnoreCase),
            },
            new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = cluster.Group.Kind }, Health = new HealthOptions { Path = cluster.Group.HealthPath } });

    private static RouteConfig Route(string id, string path, DetectedCluster[] clusters, DetectedModels models) =>
        ExtensionsCarrier.Attach(
            new RouteConfig { RouteId = id, ClusterId = clusters[0].Id, Match = new RouteMatch { Path = path } },
            new RouteExtensions { Models = models.Entries });
}
