using Prometheus;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>One route's children: an array by method and status code, and one by outcome for each cluster the route reaches.</summary>
public sealed class RouteMetrics
{
    private readonly Lock _gate = new();
    private readonly string _route;
    private readonly RequestMetricFamilies _families;
    private readonly Histogram.Child?[] _durations = new Histogram.Child?[MetricLabels.MethodCount * MetricLabels.StatusCount];
    private Counter.Child? _disconnects;
    private ClusterOutcomes[] _clusters = [];
    private bool _retired;

    internal RouteMetrics(string route, RequestMetricFamilies families)
    {
        _route = route;
        _families = families;
        _disconnects = families.Disconnects.Get(route);
    }

    internal void Settled(in AccessRecord record, double seconds)
    {
        Duration(MetricLabels.MethodIndex(record.Method), MetricLabels.StatusIndex(record.StatusCode))?.Observe(seconds);
        Requests(record.Cluster ?? "", record.Outcome)?.Inc();
        if (record.Outcome == Outcome.ClientCanceled)
        {
            Volatile.Read(ref _disconnects)?.Inc();
        }
    }

    /// <summary>Counts decisions of one limit of the route; null when the route is gone already.</summary>
    internal Counter.Child? LimitDecision(string limit, string decision)
    {
        lock (_gate)
        {
            return _retired ? null : _families.LimitDecisions.Get(_route, limit, decision);
        }
    }

    /// <summary>
    /// Forgets its children of clusters other than these, whose series are dropped already. A request that still ran on one of them brings back its own series,
    /// until the next time.
    /// </summary>
    internal void Retain(IReadOnlySet<string> clusters)
    {
        lock (_gate)
        {
            if (Array.Exists(_clusters, known => !Stays(known)))
            {
                Volatile.Write(ref _clusters, Array.FindAll(_clusters, Stays));
            }
        }

        // Requests that were refused before they had a cluster are counted under none.
        bool Stays(ClusterOutcomes known) => known.Cluster.Length == 0 || clusters.Contains(known.Cluster);
    }

    internal void Retire()
    {
        lock (_gate)
        {
            _retired = true;
            _disconnects = null;
            _families.LimitDecisions.Remove(labels => labels[0] == _route);
            _families.HttpDuration.Remove(labels => labels[1] == _route);
            _families.Requests.Remove(labels => labels[0] == _route);
            _families.Disconnects.Remove(labels => labels[0] == _route);
        }
    }

    private Histogram.Child? Duration(int method, int status) =>
        Volatile.Read(ref _durations[(method * MetricLabels.StatusCount) + status]) ?? CreateDuration(method, status);

    private Histogram.Child? CreateDuration(int method, int status)
    {
        lock (_gate)
        {
            ref var slot = ref _durations[(method * MetricLabels.StatusCount) + status];
            return slot ??= _retired ? null : _families.HttpDuration.Get(MetricLabels.MethodName(method), _route, MetricLabels.StatusName(status));
        }
    }

    private Counter.Child? Requests(string cluster, Outcome outcome)
    {
        foreach (var known in Volatile.Read(ref _clusters))
        {
            if (known.Cluster == cluster)
            {
                return Volatile.Read(ref known.Outcomes[(int)outcome]) ?? CreateRequests(known, outcome);
            }
        }

        return CreateRequests(AddCluster(cluster), outcome);
    }

    private ClusterOutcomes AddCluster(string cluster)
    {
        lock (_gate)
        {
            var known = Array.Find(_clusters, c => c.Cluster == cluster);
            if (known is null)
            {
                known = new ClusterOutcomes(cluster);
                Volatile.Write(ref _clusters, [.. _clusters, known]);
            }

            return known;
        }
    }

    private Counter.Child? CreateRequests(ClusterOutcomes cluster, Outcome outcome)
    {
        lock (_gate)
        {
            ref var slot = ref cluster.Outcomes[(int)outcome];
            return slot ??= _retired ? null : _families.Requests.Get(_route, cluster.Cluster, MetricLabels.OutcomeName(outcome));
        }
    }

    private sealed class ClusterOutcomes(string cluster)
    {
        public string Cluster { get; } = cluster;

        public Counter.Child?[] Outcomes { get; } = new Counter.Child?[MetricLabels.OutcomeCount];
    }
}
