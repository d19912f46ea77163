using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Resilience;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>What is kept of a cluster whatever its configuration: who waits, what was learned of its destinations, and what was spent on further attempts.</summary>
internal sealed class ClusterAdmission
{
    private readonly ConditionalWeakTable<DestinationLoad, GradientLimit> _learned = [];
    private readonly ClusterState _cluster;
    private readonly DestinationPick _pick;
    private readonly RoomSignal? _signal;
    private AdmitStep? _step;
    private ClusterModel? _model;

    /// <param name="cluster">The cluster.</param>
    /// <param name="pick">Whom it asks whether a request could begin.</param>
    /// <param name="room">Where destinations tell that they have more room; null for a cluster of no configuration.</param>
    /// <param name="time">Clock.</param>
    public ClusterAdmission(ClusterState cluster, DestinationPick pick, RoomSignal? room, TimeProvider time)
    {
        _cluster = cluster;
        Retries = new ClusterRetries(time);
        _pick = pick;
        Queue = new AdmissionQueue(time, Room, request => OutlookOf((RequestContext)request));
        _signal = room;
        Freed = Queue.Freed;
    }

    /// <summary>Those that wait.</summary>
    public AdmissionQueue Queue { get; }

    /// <summary>What bounds further attempts.</summary>
    public ClusterRetries Retries { get; }

    /// <summary>Tells the queue that there may be more room.</summary>
    public Action Freed { get; }

    /// <summary>What the newest configuration makes of it; null when nothing is bounded.</summary>
    public AdmitStep? Step
    {
        get => Volatile.Read(ref _step);
        set
        {
            Queue.Limits = value?.Limits ?? Queue.Limits;
            var before = Interlocked.Exchange(ref _step, value);
            if (value is not null)
            {
                _signal?.Listen(Freed);
            }
            else if (before is not null)
            {
                // Nobody publishes it any more.
                for (var band = PriorityBand.Critical; band <= PriorityBand.Batch; band++)
                {
                    before.Metrics.Wait(band, 0);
                }
            }

            Freed();
        }
    }

    /// <summary>What a request that waits may hope for.</summary>
    public Outlook OutlookOf(RequestContext context)
    {
        if (Step is not { CriticalReserve: > 0 } step || context.Flow.Band == PriorityBand.Critical)
        {
            return _pick.OutlookOf(context, 0);
        }

        var seen = _pick.OutlookOf(context, step.CriticalReserve);

        // The permit it holds is its own, and no place that is taken.
        var free = (long)step.Free + (context.ClusterPermit is null ? 0 : 1);
        return seen.IsVain ? seen : seen with { Kept = seen.Places - (int)Math.Max(0, Math.Min(seen.Places - seen.Kept, free - Reserve.Of(step.Most, step.CriticalReserve))) };
    }

    /// <summary>Whether nothing is free for a request but what is kept for critical ones.</summary>
    public bool IsReserved(RequestContext context) => context.Flow.Band != PriorityBand.Critical && OutlookOf(context) is { IsVain: false } seen && seen.Kept >= seen.Places;

    /// <summary>Whether some wait by a configuration that was replaced: no request has come since, which would have taken over the new one.</summary>
    public bool IsStale => Queue.IsWaited && Volatile.Read(ref _model) != _cluster.Model;

    /// <summary>Whether requests wait because no destination has room for them.</summary>
    public bool IsShortOfDestinations
    {
        get
        {
            if (!Queue.IsWaited || Step is { HasBounds: false } || _cluster.DestinationsState.AvailableDestinations is not CandidateSet { Count: > 0 } set)
            {
                return false;
            }

            var (open, isWorthIt) = (0L, false);
            foreach (var load in set.Loads.Candidates)
            {
                open += load.Open;
                isWorthIt |= load is { Weight: > 0, IsCooling: false };
            }

            return isWorthIt && Step is { Free: > 0 } step && open <= Reserved(step);
        }
    }

    /// <summary>Takes over what the plan made of <paramref name="model"/> bounds, unless that was replaced already.</summary>
    public void Adopt(ClusterModel model, AdmitStep? step)
    {
        if (model == _cluster.Model)
        {
            Volatile.Write(ref _model, model);
            Step = step;
        }
    }

    /// <summary>Takes over the cluster's configuration of now.</summary>
    public void Renew(Func<ClusterState, ClusterPlan> compile)
    {
        var model = _cluster.Model;
        Adopt(model, compile(_cluster).Admission);
    }

    /// <summary>A first chunk of an answer from <paramref name="load"/> took <paramref name="seconds"/>.</summary>
    public void FirstChunk(DestinationLoad load, TimeSpan now, double seconds)
    {
        if (!load.IsAdaptive)
        {
            return;
        }

        if (load.AdaptiveLimit == int.MaxValue)
        {
            // New, or another server than the one that was learned.
            _learned.AddOrUpdate(load, new GradientLimit(MostOf(load)));
        }

        var learned = _learned.GetValue(load, static load => new GradientLimit(MostOf(load)));
        learned.Most = MostOf(load);
        
        // What is kept free of others is no sign that the limit is not reached.
        learned.Add(now, seconds, load.InFlight + Reserve.Of(learned.Limit, Step?.CriticalReserve ?? 0));
        load.AdaptiveLimit = learned.Limit;
    }

    /// <summary>How much waits, for people to read.</summary>
    public QueueReport Describe() => new(
        Queue.Limits.Requests,
        Enumerable.Range(0, PriorityBandNames.Count).ToDictionary(static band => PriorityBandNames.Of((PriorityBand)band), band => Queue.CountOf((PriorityBand)band), StringComparer.Ordinal),
        Queue.Bytes,
        Math.Round(Queue.DrainPerSecond, 3),
        Step is { } step ? Reserved(step) : 0);

    /// <summary>Places of all that are kept for critical requests.</summary>
    private int Reserved(AdmitStep step)
    {
        var places = 0L;
        if (_cluster.DestinationsState.AvailableDestinations is CandidateSet set)
        {
            foreach (var load in set.Loads.Candidates)
            {
                places += step.HasBounds ? load.Places : int.MaxValue;
            }
        }

        return Reserve.Of(Math.Min(places, step.Most), step.CriticalReserve);
    }

    private static int MostOf(DestinationLoad load) =>
        load.MaxInFlight != int.MaxValue ? load.MaxInFlight : load.Reported?.Facts.MaxRunning is >= 1 and var told ? told : GradientLimit.MostUnknown;

    private int Room()
    {
        var most = Step?.Free ?? int.MaxValue;
        if (_cluster.DestinationsState.AvailableDestinations is not CandidateSet { Count: > 0 } set)
        {
            return most;
        }

        var (free, isWorthIt) = (0L, false);
        var isBounded = Step is not { HasBounds: false };
        foreach (var load in set.Loads.Candidates)
        {
            free += isBounded ? load.Free : int.MaxValue;
            isWorthIt |= load is { Weight: > 0, IsCooling: false };
        }

        // A trial that is due is one place; where nobody else has any, it is how the others come back.
        foreach (var destination in set.HalfOpen)
        {
            free += destination.IsTrialDue && destination.Load.IsOpen && !set.Loads.Candidates.Contains(destination.Load) ? 1 : 0;
        }

        // Where nobody takes requests those that wait are to learn it.
        return (int)Math.Min(most, isWorthIt ? free : int.MaxValue);
    }
}

/// <summary>How much waits for a cluster.</summary>
/// <param name="Limit">Most requests that may wait.</param>
/// <param name="Waiting">Requests that wait, by priority.</param>
/// <param name="Bytes">Bytes of their bodies.</param>
/// <param name="ServedPerSecond">Requests that leave the queue to be served, each second of late.</param>
/// <param name="Reserved">Places that are kept for critical requests.</param>
internal sealed record QueueReport(int Limit, IReadOnlyDictionary<string, int> Waiting, long Bytes, double ServedPerSecond, int Reserved);
