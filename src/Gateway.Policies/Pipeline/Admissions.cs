using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.RateLimiting;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// The admission of every cluster that bounds anything. Looks at those that wait every <see cref="Period"/>, for deadlines; room is told of when it is made, and looked
/// for here once more.
/// </summary>
internal sealed class Admissions : IDisposable
{
    /// <summary>Time between two looks: a deadline bites at most that much late.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly ConditionalWeakTable<ClusterState, ClusterAdmission> _clusters = [];
    private readonly DestinationPick _pick;
    private readonly AvailabilityRegistry _availability;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    public Admissions(DestinationPick pick, AvailabilityRegistry availability, PermitTable permits, DeadlineSweep sweep, TimeProvider time)
    {
        sweep.ShuttingDown = Close;
        (_pick, _availability, Permits, _time) = (pick, availability, permits, time);
        _timer = time.CreateTimer(static state => ((Admissions)state!).Sweep(), this, Period, Period);
    }

    /// <summary>Where permits are counted.</summary>
    public PermitTable Permits { get; }

    /// <summary>The plan of a cluster as it is configured now.</summary>
    public Func<ClusterState, ClusterPlan>? Compile { get; set; }

    /// <summary>Requests that wait, of all clusters.</summary>
    public int Waiting => _clusters.Sum(static pair => pair.Value.Describe().Waiting.Values.Sum());

    /// <summary>Requests that were told that they may begin and have not tried yet.</summary>
    public int Granted => _clusters.Sum(static pair => pair.Value.Queue.Granted);

    /// <summary>What is kept of a cluster.</summary>
    public ClusterAdmission Of(ClusterState cluster) => _clusters.GetValue(cluster, Create);

    /// <summary>How much waits for a cluster; null when it bounds nothing.</summary>
    public QueueReport? Describe(ClusterState cluster) => _clusters.TryGetValue(cluster, out var known) && known.Step is not null ? known.Describe() : null;

    /// <summary>Writes how many wait into the metrics.</summary>
    public void Publish()
    {
        foreach (var (_, admission) in _clusters)
        {
            for (var band = PriorityBand.Critical; band <= PriorityBand.Batch; band++)
            {
                admission.Step?.Metrics.Wait(band, admission.Queue.CountOf(band));
            }
        }
    }

    /// <summary>Ends all waits, with 503 <c>draining</c>; nobody waits any more.</summary>
    public void Close()
    {
        foreach (var (_, admission) in _clusters)
        {
            admission.Queue.Close();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _timer.Dispose();
        Close();
    }

    private ClusterAdmission Create(ClusterState cluster) => new(cluster, _pick, _availability.MemoryOf(cluster)?.Room, _time);

    private void Sweep()
    {
        foreach (var (cluster, admission) in _clusters)
        {
            if (admission.IsStale && Compile is { } compile)
            {
                admission.Renew(compile);
            }

            admission.Queue.Sweep();
            if (admission.IsShortOfDestinations)
            {
                _availability.Need(cluster);
            }
        }
    }
}
