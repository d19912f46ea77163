using BlazeGateway.Configuration.Strict;
using BlazeGateway.Policies;
using BlazeGateway.Policies.LoadBalancing;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration;

/// <summary>Makes YARP's records out of the <c>ReverseProxy</c> section with YARP's own reader, and puts our extensions into them.</summary>
internal static class RoutesReader
{
    public static readonly KeyPath Section = KeyPath.Of("ReverseProxy");
    public static readonly KeyPath RoutesPath = Section.Then("Routes");
    public static readonly KeyPath ClustersPath = Section.Then("Clusters");

    /// <summary>Reads a section that passed the strict check.</summary>
    public static RoutesSnapshot Read(ConfigurationNode root)
    {
        var section = root.Find(Section);
        if (section is null)
        {
            return RoutesSnapshot.Empty;
        }

        var (routes, clusters) = ReadYarp(section);
        return new RoutesSnapshot(
            [.. routes.Select(route => ExtensionsCarrier.Attach(route, Extensions<RouteExtensions>(root, RoutesPath, route.RouteId)))],
            [.. clusters.Select(cluster => ExtensionsCarrier.Attach(WithStrategy(cluster), Extensions<ClusterExtensions>(root, ClustersPath, cluster.ClusterId)))]);
    }

    /// <summary>A cluster that names no strategy has the gateway's own.</summary>
    private static ClusterConfig WithStrategy(ClusterConfig cluster) =>
        string.IsNullOrEmpty(cluster.LoadBalancingPolicy) ? cluster with { LoadBalancingPolicy = Strategies.Adaptive } : cluster;

    private static (IReadOnlyList<RouteConfig> Routes, IReadOnlyList<ClusterConfig> Clusters) ReadYarp(ConfigurationNode section)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(TreeBinder.Flatten(section).Concat(EmptyEntries(section))).Build();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddReverseProxy().LoadFromConfig(configuration);
        using var provider = services.BuildServiceProvider();
        var config = provider.GetRequiredService<IProxyConfigProvider>().GetConfig();
        return (config.Routes, config.Clusters);
    }

    /// <summary>A route or cluster that says nothing has no flat key, and would vanish instead of being reported.</summary>
    private static IEnumerable<KeyValuePair<string, string?>> EmptyEntries(ConfigurationNode section) =>
        from list in section.Members
        from member in list.Node.Members
        where !TreeBinder.Flatten(member.Node).Any()
        select KeyValuePair.Create($"{list.Key}:{member.Key}", (string?)"");

    private static T Extensions<T>(ConfigurationNode root, KeyPath list, string id)
        where T : new() =>
        TreeBinder.Bind<T>(root.Find(list.Then(id).Then("Extensions")), RootShape.ExtensionsOf<T>());
}
