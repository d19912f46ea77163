using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using Prometheus;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// The metrics of what strategies go by and of what <c>Adaptive</c> learned, read when they are asked for: a request costs nothing here. Series come and go
/// with clusters and destinations of the configuration; label sets beyond the cap are folded into <c>other</c>.
/// </summary>
internal sealed class BalanceMetrics
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ClusterAvailability, ClusterSeries> _clusters = [];
    private readonly Dictionary<DestinationAvailability, DestinationSeries> _destinations = [];
    private readonly AvailabilityRegistry _availability;
    private readonly BalanceFamilies _families;

    public BalanceMetrics(CollectorRegistry registry, AvailabilityRegistry availability, int seriesLimit)
    {
        _availability = availability;
        _families = new BalanceFamilies(registry, seriesLimit);
        registry.AddBeforeCollectCallback(Update);
    }

    private void Update()
    {
        lock (_gate)
        {
            var clusters = _availability.Clusters().ToList();
            Retire(_destinations, clusters.SelectMany(static cluster => cluster.Members).ToHashSet(), static series => series.Retire());
            Retire(_clusters, [.. clusters], static series => series.Retire());
            foreach (var cluster in clusters)
            {
                Update(cluster);
            }
        }
    }

    private void Update(ClusterAvailability cluster)
    {
        var id = cluster.Cluster.ClusterId;
        foreach (var member in cluster.Members)
        {
            if (!_destinations.TryGetValue(member, out var series))
            {
                _destinations[member] = series = new DestinationSeries(id, member.Destination.DestinationId, _families);
            }

            series.Show(member.Load);
        }

        if (cluster.Memory.Learned.Find<AdaptiveMemory>() is not { } memory)
        {
            return;
        }

        if (!_clusters.TryGetValue(cluster, out var known))
        {
            _clusters[cluster] = known = new ClusterSeries(id, _families);
        }

        known.Show(memory, _availability.Clock);
    }

    private static void Retire<TOwner, TSeries>(Dictionary<TOwner, TSeries> all, HashSet<TOwner> present, Action<TSeries> retire)
        where TOwner : notnull
    {
        foreach (var gone in all.Keys.Where(owner => !present.Contains(owner)).ToList())
        {
            retire(all[gone]);
            all.Remove(gone);
        }
    }
}
