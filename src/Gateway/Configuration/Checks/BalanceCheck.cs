using BlazeGateway.Configuration.Strict;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Weights, capacities and keys of hashing: destinations that exist, somebody who takes requests, and a strategy that goes by them.</summary>
internal sealed class BalanceCheck(ConfigurationNode root, RoutesSnapshot snapshot, ConfigurationErrors errors)
{
    public void Check()
    {
        foreach (var cluster in snapshot.Clusters)
        {
            var extensions = ExtensionsCarrier.Read(cluster);
            var path = RoutesReader.ClustersPath.Then(cluster.ClusterId).Then("Extensions");
            CheckNames(cluster, path.Then(nameof(ClusterExtensions.Weights)), extensions.Weights, takesAll: false);
            CheckNames(cluster, path.Then(nameof(ClusterExtensions.Capacity)), extensions.Capacity, takesAll: true);
            CheckNames(cluster, path.Then(nameof(ClusterExtensions.TokenCapacity)), extensions.TokenCapacity, takesAll: true);
            if (cluster.Destinations is { Count: > 0 } destinations && destinations.Keys.All(id => extensions.Weights.GetValueOrDefault(id, 1) == 0))
            {
                var at = path.Then(nameof(ClusterExtensions.Weights));
                errors.Add(root.PlaceOf(at), at, $"Every destination of cluster '{cluster.ClusterId}' has the weight 0, so none would be sent a request; give one of them at least 1.");
            }

            if (string.Equals(cluster.LoadBalancingPolicy, Strategies.LeastLoaded, StringComparison.OrdinalIgnoreCase) && (extensions.ModelServer is not { } server || ModelServerPaths.Report(server) is null))
            {
                WarnOfSilence(cluster.ClusterId);
            }

            WarnOfNoUse(cluster, extensions, path);
            CheckKeys(cluster.ClusterId, path.Then(nameof(ClusterExtensions.Hash)).Then(nameof(HashOptions.Keys)), extensions.Hash.Keys);
        }
    }

    /// <summary>Options that the strategy of the cluster does not go by.</summary>
    private void WarnOfNoUse(ClusterConfig cluster, ClusterExtensions extensions, KeyPath path)
    {
        var strategy = cluster.LoadBalancingPolicy ?? Strategies.Adaptive;
        bool Is(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (strategy.Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }

            return false;
        }

        void Warn(string key, string cure)
        {
            var at = path.Then(key);
            errors.Warn(root.PlaceOf(at), at, $"{key} of cluster '{cluster.ClusterId}' is of no use with the strategy '{strategy}'; {cure}, or take it out.");
        }

        var isForeign = AdmissionCheck.IsBlindToRoom(cluster);
        if ((isForeign || Is(Strategies.RoundRobin)) && extensions.Weights.Values.Any(static weight => weight > 1))
        {
            Warn(nameof(ClusterExtensions.Weights), $"choose {Strategies.WeightedRoundRobin} or another that goes by weights");
        }

        if (isForeign && extensions.Capacity.Count > 0)
        {
            Warn(nameof(ClusterExtensions.Capacity), "choose a strategy of the gateway's own");
        }

        if (isForeign && extensions.TokenCapacity.Count > 0)
        {
            Warn(nameof(ClusterExtensions.TokenCapacity), "choose a strategy of the gateway's own");
        }

        if (extensions.Hash.Keys.Count > 0 && !Is(Strategies.ConsistentHash, Strategies.Adaptive))
        {
            Warn(nameof(ClusterExtensions.Hash), $"choose {Strategies.ConsistentHash}");
        }

        if (extensions.Adaptive != new AdaptiveOptions() && !Is(Strategies.Adaptive))
        {
            Warn(nameof(ClusterExtensions.Adaptive), $"choose {Strategies.Adaptive}");
        }
    }

    private void WarnOfSilence(string cluster)
    {
        var at = RoutesReader.ClustersPath.Then(cluster).Then(nameof(ClusterConfig.LoadBalancingPolicy));
        errors.Warn(
            root.PlaceOf(at),
            at,
            $"LoadBalancingPolicy of cluster '{cluster}' is '{Strategies.LeastLoaded}', but its destinations report no load, so it goes by what the gateway itself sent them; "
            + "set Extensions.ModelServer.Kind, or Extensions.ModelServer.MetricsPath.");
    }

    private void CheckNames(ClusterConfig cluster, KeyPath path, Dictionary<string, int> numbers, bool takesAll)
    {
        var destinations = cluster.Destinations?.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase) ?? [];
        foreach (var id in numbers.Keys)
        {
            var at = path.Then(id);
            if (!(takesAll && id == "*") && !destinations.Contains(id))
            {
                errors.Add(
                    root.PlaceOf(at),
                    at,
                    $"{path.Key} names the destination '{id}', which cluster '{cluster.ClusterId}' does not have; known: {string.Join(", ", destinations.Order(StringComparer.Ordinal))}{(takesAll ? ", or * for all" : "")}.",
                    Spelling.Nearest(id, destinations));
            }
        }
    }

    private void CheckKeys(string cluster, KeyPath path, List<string> keys)
    {
        foreach (var key in keys.Where(static key => !HashKeys.IsKnown(key)))
        {
            errors.Add(
                root.PlaceOf(path),
                path,
                $"Hash.Keys of cluster '{cluster}' has '{key}'; it must be one of {string.Join(", ", HashKeys.Words)}, or {HashKeys.HeaderPrefix}NAME with the name of a header.",
                Spelling.Nearest(key, HashKeys.Words));
        }
    }
}
