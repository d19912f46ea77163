using System.Collections.Concurrent;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.RateLimiting;
using Prometheus;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// The pipeline's metrics. Plans keep the objects <see cref="Route"/>, <see cref="Cluster"/> and <see cref="Destination"/> give; what runs per request
/// finds its children in them and neither allocates nor locks once a label set has been seen. Labels come from configuration and closed lists alone.
/// </summary>
public sealed class RequestMetrics
{
    /// <summary>Label sets one metric may have by default: far above what 200 destinations need.</summary>
    public const int DefaultSeriesLimit = 10_000;

    /// <summary>Model names told apart by default.</summary>
    public const int DefaultModelLimit = 64;

    /// <summary>Route label of requests no route matches.</summary>
    public const string Unmatched = "unmatched";

    private readonly ConcurrentDictionary<string, RouteMetrics> _routes = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, ClusterMetrics> _clusters = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<(string Cluster, string Destination), DestinationMetrics> _destinations = new();
    private readonly CollectorRegistry _registry;
    private readonly RequestMetricFamilies _families;
    private readonly ModelLabels _labels;
    private readonly Gauge.Child[] _active;
    private readonly Histogram.Child _before;
    private readonly Histogram.Child _pick;
    private readonly double _secondsPerTick;

    /// <summary>Registers the metrics in <paramref name="registry"/>, once per registry.</summary>
    /// <param name="registry">Where the metrics are published.</param>
    /// <param name="time">Clock whose timestamps the records carry.</param>
    /// <param name="seriesLimit">Label sets one metric may have; the rest is folded into <c>other</c> and counted.</param>
    /// <param name="modelLimit">Model names told apart, over all clusters; further ones are <c>other</c>.</param>
    /// <param name="isOffered">Whether a model is offered now; names that are not make room for others. Default: all are.</param>
    public RequestMetrics(
        CollectorRegistry registry, TimeProvider time, int seriesLimit = DefaultSeriesLimit, int modelLimit = DefaultModelLimit, Func<string, bool>? isOffered = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seriesLimit, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(modelLimit, 1);
        _registry = registry;
        _families = new RequestMetricFamilies(registry, seriesLimit);
        _labels = new ModelLabels(modelLimit, isOffered ?? (static _ => true), _families.Overflow.WithLabels("gen_ai_request_model"));
        _active = [.. Enumerable.Range(0, MetricLabels.MethodCount).Select(i => _families.Active.WithLabels(MetricLabels.MethodName(i)))];
        _before = _families.Overhead.WithLabels("pre");
        _pick = _families.Overhead.WithLabels("pick");
        _secondsPerTick = 1.0 / time.TimestampFrequency;
    }

    /// <summary>The route's part, created on first sight. Look it up when a plan is compiled.</summary>
    public RouteMetrics Route(string route) => _routes.GetOrAdd(route, static (id, families) => new RouteMetrics(id, families), _families);

    /// <summary>The cluster's part, created on first sight or when <paramref name="provider"/> (its kind of model server) changed.</summary>
    public ClusterMetrics Cluster(string cluster, string provider)
    {
        if (_clusters.TryGetValue(cluster, out var known))
        {
            if (known.Provider == provider)
            {
                return known;
            }

            RemoveCluster(cluster);
        }

        return _clusters.GetOrAdd(cluster, static (id, state) => new ClusterMetrics(id, state.provider, state.metrics._families, state.metrics.Label), (provider, metrics: this));
    }

    /// <summary>The destination's part, created on first sight. Keep it with the destination's state.</summary>
    public DestinationMetrics Destination(string cluster, string destination) => _destinations.GetOrAdd(
        (cluster, destination),
        static (id, metrics) => new DestinationMetrics(id.Cluster, id.Destination, metrics._families, metrics._secondsPerTick),
        this);

    /// <summary>Drops the series of a route that left the configuration. Requests that still run on it leave no trace in new series.</summary>
    public void RemoveRoute(string route)
    {
        if (_routes.TryRemove(route, out var metrics))
        {
            metrics.Retire();
        }
    }

    /// <summary>Drops the model series of a cluster that left the configuration.</summary>
    public void RemoveCluster(string cluster)
    {
        if (_clusters.TryRemove(cluster, out var metrics))
        {
            metrics.Retire();
        }
    }

    /// <summary>Drops the series of a destination that left the configuration.</summary>
    public void RemoveDestination(string cluster, string destination)
    {
        if (_destinations.TryRemove((cluster, destination), out var metrics))
        {
            metrics.Retire();
        }
    }

    /// <summary>Drops everything that is in none of <paramref name="configurations"/>, the ones that were just applied.</summary>
    public void Retain(IReadOnlyList<IProxyConfig> configurations)
    {
        var routes = configurations.SelectMany(config => config.Routes).Select(route => route.RouteId).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var clusters = configurations.SelectMany(config => config.Clusters).ToDictionary(cluster => cluster.ClusterId, StringComparer.OrdinalIgnoreCase);
        foreach (var route in _routes.Keys.Where(id => id != Unmatched && !routes.Contains(id)))
        {
            RemoveRoute(route);
        }

        // The series first: a child that a request makes in between is forgotten, and whoever is to count on comes to a living one.
        var named = clusters.Values.Select(cluster => cluster.ClusterId).ToHashSet(StringComparer.Ordinal);
        _families.Requests.Remove(labels => labels[1].Length > 0 && !named.Contains(labels[1]));
        foreach (var route in _routes.Values)
        {
            route.Retain(named);
        }

        foreach (var cluster in _clusters.Keys.Where(id => !clusters.ContainsKey(id)))
        {
            RemoveCluster(cluster);
        }

        foreach (var (cluster, destination) in _destinations.Keys)
        {
            if (!clusters.TryGetValue(cluster, out var config) || config.Destinations?.ContainsKey(destination) != true)
            {
                RemoveDestination(cluster, destination);
            }
        }
    }

    /// <summary>A request arrived.</summary>
    public void Started(string method) => _active[MetricLabels.MethodIndex(method)].Inc();

    /// <summary>A request ended. Called exactly once for each <see cref="Started"/>, with the same method.</summary>
    /// <param name="record">What happened.</param>
    /// <param name="route">The matched route's part.</param>
    /// <param name="model">The model's part, or null on routes without AI awareness and for requests refused before the model was known.</param>
    public void Settled(in AccessRecord record, RouteMetrics route, ModelMetrics? model)
    {
        _active[MetricLabels.MethodIndex(record.Method)].Dec();
        var seconds = record.Duration * _secondsPerTick;
        route.Settled(record, seconds);
        if (record.BeforeForward >= 0)
        {
            _before.Observe((record.BeforeForward - Math.Max(0, record.Queued)) * _secondsPerTick);
        }

        if (record.Pick >= 0)
        {
            _pick.Observe(record.Pick * _secondsPerTick);
        }

        model?.Settled(record, seconds, _secondsPerTick);
    }

    /// <summary>A request was refused because memory was short.</summary>
    internal void MemoryShed() => _families.MemoryShed.Inc();

    /// <summary>A connection was switched to another protocol.</summary>
    public void UpgradeStarted() => _families.Upgraded.Inc();

    /// <summary>A switched connection ended.</summary>
    public void UpgradeEnded() => _families.Upgraded.Dec();

    /// <summary>Publishes what <paramref name="budget"/> holds, read when it is asked for.</summary>
    public void WatchBodies(BodyBudget budget) => _registry.AddBeforeCollectCallback(() => _families.BufferedBytes.Set(budget.Reserved));

    /// <summary>Publishes how many wait in each queue, read when it is asked for.</summary>
    internal void WatchQueues(Admissions admissions) => _registry.AddBeforeCollectCallback(admissions.Publish);

    /// <summary>Publishes what <paramref name="permits"/> holds, read when it is asked for.</summary>
    internal void WatchPartitions(PermitTable permits) => _registry.AddBeforeCollectCallback(() =>
    {
        _families.Partitions.Set(permits.Count);
        _families.PartitionEvictions.IncTo(permits.Evictions);
        _families.PartitionOverflows.IncTo(permits.Overflows);
    });

    private string Label(string model)
    {
        var label = _labels.Admit(model, out var gone);
        if (gone.Count > 0)
        {
            foreach (var cluster in _clusters.Values)
            {
                cluster.Forget(gone);
            }

            _families.RemoveModels(gone);
        }

        return label;
    }
}
