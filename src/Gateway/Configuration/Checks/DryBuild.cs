using BlazeGateway.Configuration.Strict;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.LoadBalancing;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Asks YARP whether it would take the routes and clusters: names of policies, patterns, transforms, header rules.</summary>
internal sealed class DryBuild(
    IConfigValidator validator, IEnumerable<ILoadBalancingPolicy> policies, ConfigurationNode root, RoutesSnapshot snapshot, ConfigurationErrors errors)
{
    private readonly string[] _policies = [.. policies.Select(static policy => policy.Name).Order(StringComparer.Ordinal)];

    public async ValueTask CheckAsync()
    {
        foreach (var cluster in snapshot.Clusters)
        {
            var path = RoutesReader.ClustersPath.Then(cluster.ClusterId);
            if (cluster.LoadBalancingPolicy is { Length: > 0 } policy && !_policies.Contains(policy, StringComparer.OrdinalIgnoreCase))
            {
                var at = path.Then(nameof(ClusterConfig.LoadBalancingPolicy));
                errors.Add(
                    root.PlaceOf(at),
                    at,
                    $"LoadBalancingPolicy of cluster '{cluster.ClusterId}' is '{policy}', which does not exist; known policies: {string.Join(", ", _policies)}.",
                    Spelling.Nearest(policy, _policies));
                continue;
            }

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
        var cause = fault.InnerException is { Message: { Length: > 0 } reason } ? $" {reason.ReplaceLineEndings(" ")}" : "";
        errors.Add(root.PlaceOf(at), at, fault.Message + cause);
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
