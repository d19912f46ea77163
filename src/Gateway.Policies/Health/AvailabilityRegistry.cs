using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Resilience;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Health;

/// <summary>
/// The availability of every destination. Stands in the place of YARP's updater of available destinations, so that there is one list of candidates:
/// YARP tells it of configurations and of its own health checks, the pipeline of attempts, the watch of probes, the operator of drains.
/// </summary>
internal sealed class AvailabilityRegistry : IAvailability, IClusterDestinationsUpdater, IClusterChangeListener
{
    private static readonly string[] OwnPolicies =
        [HealthCheckConstants.AvailableDestinations.HealthyAndUnknown, HealthCheckConstants.AvailableDestinations.HealthyOrPanic];

    private readonly ConditionalWeakTable<ClusterState, ClusterAvailability> _clusters = [];
    private readonly ConditionalWeakTable<DestinationState, DestinationAvailability> _destinations = [];
    private readonly FrozenDictionary<string, IAvailableDestinationsPolicy> _policies;
    private readonly HealthMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly long _started;
    private ImmutableArray<Action<AvailabilityChange>> _listeners = [];

    public AvailabilityRegistry(
        TimeProvider time, Chance chance, HealthMetrics metrics, IEnumerable<IAvailableDestinationsPolicy> policies, ILogger<AvailabilityRegistry> logger)
    {
        _time = time;
        _metrics = metrics;
        _started = time.GetTimestamp();
        _policies = policies.Where(policy => !OwnPolicies.Contains(policy.Name, StringComparer.OrdinalIgnoreCase))
            .ToFrozenDictionary(policy => policy.Name, StringComparer.OrdinalIgnoreCase);
        Chance = chance;
        Logger = logger;
    }

    /// <summary>Time since the gateway's start.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_started);

    /// <summary>The clock that what is learned of destinations is stamped by.</summary>
    public TimeSpan Clock => _time.GetElapsedTime(0);

    /// <summary>Chance for jitter and for picks.</summary>
    public Chance Chance { get; }

    /// <summary>
    /// Whether picks keep half-open destinations to one request at a time, as the gateway's own pipeline does. YARP's asks no strategy where one candidate is
    /// left, so there half-open destinations must be candidates, or they would never return.
    /// </summary>
    public bool MakesTrials { get; set; } = true;

    /// <summary>Where transitions are named.</summary>
    public ILogger Logger { get; }

    /// <summary>What is known of <paramref name="destination"/>, which belongs to a cluster of the configuration.</summary>
    public DestinationAvailability Of(DestinationState destination) => _destinations.TryGetValue(destination, out var known)
        ? known
        : throw new InvalidOperationException($"Destination '{destination.DestinationId}' belongs to no cluster of the configuration.");

    /// <summary>What is remembered of a cluster; null for one of no configuration.</summary>
    public ClusterMemory? MemoryOf(ClusterState cluster) => _clusters.TryGetValue(cluster, out var known) ? known.Memory : null;

    /// <summary>Requests of <paramref name="cluster"/> wait and none of its destinations has room: one that was ejected for failing some may be tried again soon.</summary>
    public void Need(ClusterState cluster)
    {
        foreach (var destination in cluster.DestinationsState.AllDestinations)
        {
            if (_destinations.TryGetValue(destination, out var known) && known.Word.State == AvailabilityState.Ejected)
            {
                known.Take(new AvailabilityEvent(AvailabilityInput.Needed));
            }
        }
    }

    /// <summary>Every cluster that has destinations.</summary>
    public IEnumerable<ClusterAvailability> Clusters() => _clusters.Select(static pair => pair.Value).Where(static cluster => cluster.Members.Count > 0);

    /// <inheritdoc />
    public void Listen(Action<AvailabilityChange> listener) => ImmutableInterlocked.Update(ref _listeners, static (all, one) => all.Add(one), listener);

    /// <inheritdoc />
    public bool IsAvailable(DestinationState destination) => !_destinations.TryGetValue(destination, out var known) || known.Word.IsAvailable;

    /// <inheritdoc />
    public bool IsCalm(DestinationState destination) =>
        !_destinations.TryGetValue(destination, out var known) || known.Word.State is AvailabilityState.Up or AvailabilityState.Draining;

    /// <inheritdoc />
    public DestinationLoad? LoadOf(DestinationState destination) => _destinations.TryGetValue(destination, out var known) ? known.Load : null;

    /// <inheritdoc />
    public bool Probed(DestinationState destination, ProbeFinding finding)
    {
        if (!_destinations.TryGetValue(destination, out var known))
        {
            return true;
        }

        known.Metrics.Probed(finding.Kind);
        if (finding.Kind == ProbeFindingKind.NotAsked)
        {
            return true;
        }

        var (now, last) = (Clock, known.Load.LastByte);
        if (ProbeEvents.IsOutranked(finding, last, now))
        {
            known.Metrics.Outranked();
            known.Take(new AvailabilityEvent(AvailabilityInput.ProbeOutranked));
            return false;
        }

        var happened = ProbeEvents.Of(finding) with { IsFirst = last > known.ProbeFailedAt };
        if (happened.Input == AvailabilityInput.ProbeFailed)
        {
            known.ProbeFailedAt = now;
        }

        known.Take(happened);
        return true;
    }

    /// <inheritdoc />
    public void ProbingEnded(DestinationState destination)
    {
        if (_destinations.TryGetValue(destination, out var known))
        {
            known.Take(new AvailabilityEvent(AvailabilityInput.ProbingEnded));
        }
    }

    /// <summary>Takes a destination out for an operator, or puts it back; false when there is no such destination.</summary>
    public bool SetDraining(ClusterState cluster, string destination, bool draining) =>
        Steer(cluster, destination, draining ? AvailabilityInput.Drained : AvailabilityInput.Resumed);

    /// <summary>Takes a destination out until it is reset; false when there is no such destination.</summary>
    public bool Isolate(ClusterState cluster, string destination) => Steer(cluster, destination, AvailabilityInput.Isolated);

    /// <summary>Forgets what speaks against a destination and puts it back, unless it is drained; false when there is no such destination.</summary>
    public bool Reset(ClusterState cluster, string destination) => Steer(cluster, destination, AvailabilityInput.Reset);

    private bool Steer(ClusterState cluster, string destination, AvailabilityInput input)
    {
        if (!cluster.Destinations.TryGetValue(destination, out var state) || !_destinations.TryGetValue(state, out var known))
        {
            return false;
        }

        known.Take(new AvailabilityEvent(input));
        return true;
    }

    /// <summary>The state of every destination of <paramref name="cluster"/> as it may be shown.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="nextProbe">When a destination is probed next.</param>
    public IReadOnlyList<DestinationReport> Describe(ClusterState cluster, Func<DestinationState, DateTimeOffset?> nextProbe)
    {
        if (!_clusters.TryGetValue(cluster, out var known))
        {
            return [];
        }

        var (now, wall) = (Now, _time.GetUtcNow());
        var candidates = cluster.DestinationsState.AvailableDestinations;
        return
        [
            .. known.Read().OrderBy(pair => pair.Member.Destination.DestinationId, StringComparer.Ordinal)
                .Select(pair => DestinationReport.Of(pair.Member, pair.Facts, candidates.Contains(pair.Member.Destination), wall - now, nextProbe(pair.Member.Destination))
                    with
                    {
                        Load = LoadSummary.Of(pair.Member.Load, Clock),
                        Reported = ReportedSummary.Of(pair.Member.Load.Reported, Clock),
                    }),
        ];
    }

    /// <inheritdoc />
    public void UpdateAvailableDestinations(ClusterState cluster) => _clusters.GetValue(cluster, Create).Refresh();

    /// <inheritdoc />
    public void UpdateAllDestinations(ClusterState cluster) => _clusters.GetValue(cluster, Create).Reconcile();

    /// <inheritdoc />
    public void OnClusterAdded(ClusterState cluster)
    {
    }

    /// <inheritdoc />
    public void OnClusterChanged(ClusterState cluster)
    {
    }

    /// <inheritdoc />
    public void OnClusterRemoved(ClusterState cluster)
    {
        if (_clusters.TryGetValue(cluster, out var known))
        {
            known.Retire();
        }
    }

    internal DestinationAvailability Create(ClusterAvailability cluster, DestinationState destination)
    {
        var metrics = new DestinationHealthMetrics(cluster.Cluster.ClusterId, destination.DestinationId, _metrics);
        var known = new DestinationAvailability(cluster, destination, new DestinationLoad(destination.DestinationId), metrics, _time);
        _metrics.Watch(metrics, () => known.Weight, () => known.CoolingLeft);
        _destinations.AddOrUpdate(destination, known);
        return known;
    }

    internal DestinationCircuit NewCircuit(CircuitBreakerOptions options) => new(options, _time);

    internal void Forget(DestinationAvailability destination)
    {
        destination.Dispose();
        _metrics.Retire(destination.Metrics);
    }

    internal void Raise(AvailabilityChange change)
    {
        foreach (var listener in _listeners)
        {
            listener(change);
        }
    }

    /// <summary>What a policy that the application itself brings makes of the candidates; YARP's two are part of ours.</summary>
    internal DestinationState[] Narrow(ClusterConfig cluster, DestinationState[] candidates) =>
        cluster.HealthCheck?.AvailableDestinationsPolicy is { } name && _policies.TryGetValue(name, out var policy)
            ? [.. policy.GetAvailalableDestinations(cluster, candidates)]
            : candidates;

    private ClusterAvailability Create(ClusterState cluster) => new(cluster, this);
}
