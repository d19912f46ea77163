using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Reload;

/// <summary>Compares two configurations.</summary>
internal static class ConfigurationDifference
{
    public static IReadOnlyList<ConfigurationChange> Between(IProxyConfig before, IProxyConfig after) =>
    [
        .. Compare("route", before.Routes.ToDictionary(static route => route.RouteId, Ids), after.Routes.ToDictionary(static route => route.RouteId, Ids)),
        .. Compare("cluster", Clusters(before), Clusters(after)),
        .. Compare("destination", Destinations(before), Destinations(after)),
    ];

    private static StringComparer Ids => StringComparer.OrdinalIgnoreCase;

    private static Dictionary<string, ClusterConfig> Clusters(IProxyConfig config) =>
        config.Clusters.ToDictionary(static cluster => cluster.ClusterId, static cluster => cluster with { Destinations = null }, Ids);

    private static Dictionary<string, DestinationConfig> Destinations(IProxyConfig config) =>
        config.Clusters.SelectMany(static cluster => (cluster.Destinations ?? new Dictionary<string, DestinationConfig>(Ids)).Select(pair => (Id: $"{cluster.ClusterId}/{pair.Key}", pair.Value)))
            .ToDictionary(static pair => pair.Id, static pair => pair.Value, Ids);

    private static IEnumerable<ConfigurationChange> Compare<T>(string kind, Dictionary<string, T> before, Dictionary<string, T> after) =>
    [
        .. after.Where(pair => !before.ContainsKey(pair.Key)).Select(pair => new ConfigurationChange("added", kind, pair.Key)),
        .. after.Where(pair => before.TryGetValue(pair.Key, out var old) && !old!.Equals(pair.Value)).Select(pair => new ConfigurationChange("changed", kind, pair.Key)),
        .. before.Where(pair => !after.ContainsKey(pair.Key)).Select(pair => new ConfigurationChange("removed", kind, pair.Key)),
    ];
}
