using System.Collections.Immutable;
using System.Text.Json.Nodes;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;
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

    /// <summary>Routes, with their extensions attached.</summary>
    public ImmutableArray<RouteConfig> Routes { get; }

    /// <summary>Clusters, with their extensions attached.</summary>
    public ImmutableArray<ClusterConfig> Clusters { get; }

    /// <summary>Puts backends of one kind that share a model into one cluster, and makes the routes that lead there.</summary>
    public static DetectedGateway Build(ImmutableArray<DetectedBackend> backends)
    {
        var groups = BackendGroup.Of(backends);
        var names = groups.Select((g, i) => (Group: g, Id: groups.Count == 1 ? OnlyCluster : $"c{i + 1}")).ToArray();
        var clusters = names.Select(n => Cluster(n.Id, n.Group)).ToImmutableArray();
        var routes = ImmutableArray.CreateBuilder<RouteConfig>();
        routes.Add(Route("openai", "/v1/{**rest}", names));
        var ollama = names.Where(n => n.Group.Kind == ModelServerKinds.Ollama).ToArray();
        if (ollama.Length > 0)
        {
            routes.Add(Route("ollama", "/api/{**rest}", ollama));
        }

        return new DetectedGateway(backends, routes.ToImmutable(), clusters);
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

    private static ClusterConfig Cluster(string id, BackendGroup group) =>
        ExtensionsCarrier.Attach(
            new ClusterConfig
            {
                ClusterId = id,
                Destinations = group.Backends.ToDictionary(
                    b => b.Id, b => new DestinationConfig { Address = b.Address.AbsoluteUri }, StringComparer.OrdinalIgnoreCase),
            },
            new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = group.Kind } });

    private static RouteConfig Route(string id, string path, (BackendGroup Group, string Id)[] clusters) =>
        ExtensionsCarrier.Attach(
            new RouteConfig { RouteId = id, ClusterId = clusters[0].Id, Match = new RouteMatch { Path = path } },
            new RouteExtensions { Models = Models(clusters) });

    private static Dictionary<string, ModelRouteOptions> Models((BackendGroup Group, string Id)[] clusters)
    {
        var models = new Dictionary<string, ModelRouteOptions>(StringComparer.Ordinal);
        if (clusters.Length == 1)
        {
            return models;
        }

        foreach (var (group, id) in clusters)
        {
            // The last place is for the pattern of destinations that have not told their models.
            foreach (var model in group.Models.Take(ModelTable.MaxEntries - 1 - models.Count))
            {
                models.TryAdd(model, new ModelRouteOptions { Cluster = id });
            }
        }

        if (Array.Find(clusters, c => c.Group.Models.Count == 0) is { Id: { } unknown })
        {
            models["*"] = new ModelRouteOptions { Cluster = unknown };
        }

        return models;
    }
}
