using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Refuses a change that takes away most of what is served: a half-written file looks exactly like that.</summary>
internal static class ShrinkGuard
{
    public const string Key = "AllowShrink";

    public static void Check(ConfigurationNode root, IProxyConfig? before, IProxyConfig after, ConfigurationErrors errors)
    {
        if (bool.TryParse(root[Key]?.Value, out var allowed) && allowed)
        {
            return;
        }

        var routes = root.PlaceOf(RoutesReader.RoutesPath);
        if (after.Routes.Count == 0)
        {
            errors.Add(routes, RoutesReader.RoutesPath, $"There are no routes, so nothing would be served; add one, or say \"{Key}\": true if this is meant.");
            return;
        }

        if (before is null)
        {
            return;
        }

        Compare(routes, RoutesReader.RoutesPath, "routes", RouteIds(before), RouteIds(after), errors);
        Compare(root.PlaceOf(RoutesReader.ClustersPath), RoutesReader.ClustersPath, "destinations", DestinationIds(before), DestinationIds(after), errors);
    }

    private static void Compare(Place place, KeyPath path, string what, HashSet<string> before, HashSet<string> after, ConfigurationErrors errors)
    {
        var removed = before.Count(id => !after.Contains(id));
        if (removed * 2 > before.Count)
        {
            errors.Add(place, path, $"This would remove {removed} of {before.Count} {what}, more than half; say \"{Key}\": true if this is meant.");
        }
    }

    private static HashSet<string> RouteIds(IProxyConfig config) => config.Routes.Select(static route => route.RouteId).ToHashSet(StringComparer.OrdinalIgnoreCase);

    private static HashSet<string> DestinationIds(IProxyConfig config) =>
        config.Clusters.SelectMany(static cluster => cluster.Destinations?.Keys.Select(id => $"{cluster.ClusterId}/{id}") ?? []).ToHashSet(StringComparer.OrdinalIgnoreCase);
}
