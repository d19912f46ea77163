using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Asks YARP whether it would take the routes and clusters: names of policies, patterns, transforms, header rules.</summary>
internal sealed class DryBuild(IConfigValidator validator, ConfigurationNode root, RoutesSnapshot snapshot, ConfigurationErrors errors)
{
    public async ValueTask CheckAsync()
    {
        foreach (var cluster in snapshot.Clusters)
        {
            var path = RoutesReader.ClustersPath.Then(cluster.ClusterId);
            foreach (var fault in await validator.ValidateClusterAsync(cluster))
            {
                Add(path, fault);
            }
        }

        foreach (var route in snapshot.Routes)
        {
            var path = RoutesReader.RoutesPath.Then(route.RouteId);
            foreach (var fault in await validator.ValidateRouteAsync(route))
            {
                Add(path, fault);
            }
        }
    }

    private void Add(KeyPath path, Exception fault)
    {
        var at = root.Find(path) is { } node ? Mentioned(node, path, fault.Message) ?? path : path;
        errors.Add(root.PlaceOf(at), at, fault.Message);
    }

    /// <summary>YARP's messages quote the value they object to; the key that holds it is the place to show.</summary>
    private static KeyPath? Mentioned(ConfigurationNode node, KeyPath path, string message)
    {
        foreach (var member in node.Members)
        {
            var memberPath = path.Then(member.Key);
            if (member.Node.IsContainer)
            {
                if (Mentioned(member.Node, memberPath, message) is { } inner)
                {
                    return inner;
                }
            }
            else if (member.Node.Value is { Length: > 0 } value && message.Contains($"'{value}'", StringComparison.Ordinal))
            {
                return memberPath;
            }
        }

        return null;
    }
}
