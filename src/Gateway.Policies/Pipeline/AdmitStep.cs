using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.RateLimiting;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Step Admit: lets a request through to the pick while there is room, and has it wait in its cluster's queue while there is none. Not in the plan of a cluster
/// that bounds nothing. A request that finds nobody waiting pays one read.
/// </summary>
internal sealed class AdmitStep
{
    /// <summary>Longest wait of an inference request for which none was set.</summary>
    public static readonly TimeSpan InferenceTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait of another request for which none was set.</summary>
    public static readonly TimeSpan PlainTimeout = TimeSpan.FromSeconds(10);

    private readonly ClusterAdmission _cluster;
    private readonly ClusterPlan _plan;
    private readonly ConcurrencyLimit? _inFlight;
    private readonly long _inferenceTicks;
    private readonly long _plainTicks;

    private AdmitStep(ClusterPlan plan, ClusterAdmission cluster, PermitTable permits, TimeProvider time)
    {
        var options = plan.Options.Admission;
        (_plan, _cluster) = (plan, cluster);
        Limits = new QueueLimits(options.QueueLimit, options.QueueBytes);
        _inFlight = options.MaxInFlight is { } most ? new ConcurrencyLimit(permits, PartitionKey.ScopeOf("cluster", plan.ClusterId), most, perClient: false) : null;
        _inferenceTicks = RoutePlan.Ticks(options.QueueTimeout ?? InferenceTimeout, time)!.Value;
        _plainTicks = RoutePlan.Ticks(options.QueueTimeout ?? PlainTimeout, time)!.Value;
    }

    /// <summary>How much may wait.</summary>
    public QueueLimits Limits { get; }

    /// <summary>The cluster's metrics.</summary>
    public ClusterMetrics Metrics => _plan.Metrics;

    /// <summary>Requests the cluster takes beyond those in flight.</summary>
    public int Free => _inFlight?.FreeOf(default) ?? int.MaxValue;

    /// <summary>Requests the cluster takes, whatever its destinations do.</summary>
    public int Most => _plan.Options.Admission.MaxInFlight ?? int.MaxValue;

    /// <summary>Whether destinations have bounds that picks go by.</summary>
    public bool HasBounds => _plan.HasBounds;

    /// <summary>Share of places that are kept for critical requests.</summary>
    public double CriticalReserve => _plan.Options.Admission.CriticalReserve;

    /// <summary>Whether limits of destinations are learned.</summary>
    private bool Learns => _plan is { HasBounds: true, Options.Admission.Adaptive: true };

    /// <summary>The step of a cluster; null when it takes any number.</summary>
    public static AdmitStep? Compile(ClusterPlan plan, ClusterModel model, ClusterAdmission cluster, Admissions admissions, TimeProvider time)
    {
        var step = plan.HasBounds || plan.Options.Admission.MaxInFlight is not null ? new AdmitStep(plan, cluster, admissions.Permits, time) : null;
        cluster.Adopt(model, step);
        return step;
    }

    /// <summary>Null when the request may try to begin, with its permit among the context's leases; <see cref="GatewayError.Overloaded"/> when it is to wait.</summary>
    public GatewayError? Enter(RequestContext context)
    {
        if (context.Waiting is null && ((context.Record.Attempts == 0 && _cluster.Queue.IsWaited) || (CriticalReserve > 0 && _cluster.IsReserved(context))))
        {
            return GatewayError.Overloaded;
        }

        if (_inFlight is null || context.ClusterPermit is not null)
        {
            return null;
        }

        var slot = _inFlight.AttemptAcquire(context.Client);
        if (!slot.IsAcquired)
        {
            // Who has nothing left to wait for needs no permit to be told so.
            return context.Waiting is not null && _cluster.OutlookOf(context).IsVain
                ? context.Failover!.AllCooling(context) ?? DestinationPick.NothingIn(context.ClusterState!)
                : GatewayError.Overloaded;
        }

        // The counter is that of the cluster's name, the queue that of the cluster there is now.
        if (slot is PermitCounter counter && !ReferenceEquals(counter.Freed, _cluster.Freed))
        {
            counter.Freed = _cluster.Freed;
        }

        context.ClusterPermit = slot;
        context.Leases.Add(slot);
        return null;
    }

    /// <summary>The request tried to begin. Gives back what it does not need, and gives <paramref name="error"/> on.</summary>
    public GatewayError? Tried(RequestContext context, GatewayError? error)
    {
        if (error is not null)
        {
            context.ReturnPermit();
        }

        if (context.Waiting is { } waiter && error != GatewayError.Overloaded)
        {
            context.Waiting = null;
            if (error is null)
            {
                context.Served = waiter.Ticket;
                Metrics.Waited(waiter.Ticket.Band, context.Time.GetElapsedTime(0, context.Record.Queued).TotalSeconds);
            }

            _cluster.Queue.Done(waiter, hasBegun: error is null);
            _cluster.Queue.Return(waiter);
        }

        return error;
    }

    /// <summary>Waits until the request may try to begin. False when it is not to, and <see cref="RequestContext.Error"/> says why.</summary>
    public ValueTask<bool> WaitAsync(RequestContext context)
    {
        if (context.Waiting is { } known)
        {
            _cluster.Queue.ComeAgain(known);
            return WaitAsync(context, known);
        }

        var isCalm = context.Memory == MemoryState.Calm;
        context.Waiting = _cluster.Queue.TryEnter(Ticket(context), context, mayWait: isCalm);
        return context.Waiting is { } waiter ? WaitAsync(context, waiter) : new(Refuse(context, isCalm ? ShedReason.Full : ShedReason.Memory, GatewayError.Overloaded));
    }

    /// <summary>Lets a request try to begin past those that wait for other destinations. False, and nothing changed, when it could not begin at once.</summary>
    public bool TakesTurn(RequestContext context)
    {
        context.Waiting = _cluster.Queue.TryEnter(Ticket(context), context, mayWait: false);
        if (context.Waiting is null)
        {
            return false;
        }

        context.Record.Queued = Math.Max(0, context.Record.Queued);
        return true;
    }

    /// <summary>A first chunk took <paramref name="seconds"/>. Documents come when all of them is made, which says nothing of how long they waited.</summary>
    public void FirstChunk(RequestContext context, TimeSpan now, double seconds)
    {
        // By what is configured now: the request may be from before.
        if (_cluster.Step is { Learns: true } && (!context.IsInference || context.Facts.Stream) && context.Place.Load is { } load)
        {
            _cluster.FirstChunk(load, now, seconds);
        }
    }

    /// <summary>The request ended: where it waited for its turn, its client pays for what it cost and not for what was thought.</summary>
    public void Settle(RequestContext context)
    {
        ref var record = ref context.Record;
        if (context.Served is { } ticket && record is { TokensIn: >= 0, TokensOut: >= 0 })
        {
            _cluster.Queue.Correct(ticket, Math.Max(1, record.TokensIn + record.TokensOut) - ticket.Tokens);
        }
    }

    private async ValueTask<bool> WaitAsync(RequestContext context, Waiter waiter)
    {
        var from = context.Time.GetTimestamp();
        WaitEnd end;
        await using (context.Http.RequestAborted.UnsafeRegister(static state => ((Waiter)state!).Leave(), waiter))
        {
            end = await waiter.WhenOver;
        }

        var now = context.Time.GetTimestamp();
        context.Record.Queued = Math.Max(0, context.Record.Queued) + now - from;
        if (end == WaitEnd.Granted)
        {
            if (now < waiter.Ticket.Deadline)
            {
                return true;
            }

            // The thread that was to go on was late.
            _cluster.Queue.Done(waiter, hasBegun: false);
            end = WaitEnd.Expired;
        }

        context.Waiting = null;
        _cluster.Queue.Return(waiter);
        return end switch
        {
            WaitEnd.Expired => Refuse(context, ShedReason.Timeout, GatewayError.QueueTimeout),
            WaitEnd.Displaced => Refuse(context, ShedReason.Displaced, GatewayError.Overloaded),
            _ => Leave(context),
        };
    }

    private WaitTicket Ticket(RequestContext context)
    {
        if (context is { IsInference: true, Tokens: null } && context.ClusterState!.DestinationsState.AvailableDestinations is CandidateSet candidates)
        {
            context.Estimate(candidates.Loads, _plan);
        }

        var now = context.Time.GetTimestamp();
        var work = context.Work;
        var (flow, client) = (context.Flow, context.Client);
        return new WaitTicket(flow.Band, client.Id, flow.Id, Math.Min(now + (context.Route.IsInference ? _inferenceTicks : _plainTicks), context.Deadline.Total))
        {
            Share = Math.Max(1, client.Share),
            Tokens = Math.Max(1, work.PromptTokens + work.OutputTokens),
            Bytes = context.Body.Length,
            Kind = KindOf(context),
            IsAgain = context.Record.Attempts > 0,
        };
    }

    /// <summary>Requests for one model may go to the same destinations, unless they were sent to some before. What is kept for critical ones is no place for others.</summary>
    private ulong KindOf(RequestContext context)
    {
        var kind = context.IsInference ? context.ModelKey : 1;
        kind = CriticalReserve > 0 && context.Flow.Band == PriorityBand.Critical ? ~kind : kind;
        foreach (var destination in context.History.Tried)
        {
            kind = (kind * 31) + (ulong)RuntimeHelpers.GetHashCode(destination);
        }

        return kind;
    }

    private bool Refuse(RequestContext context, ShedReason reason, GatewayError error)
    {
        Metrics.Shed(context.Flow.Band, reason);
        context.History.RetryAfter = _cluster.Queue.SendAway(context.Client.Id);
        context.Error = error;
        return false;
    }

    private static bool Leave(RequestContext context)
    {
        context.Error = Departure.IsTimeout(context.Http) ? GatewayError.UpstreamTimeout
            : Departure.Of(context.Http) ? GatewayError.ClientClosedRequest
            : GatewayError.Draining;
        return false;
    }
}
