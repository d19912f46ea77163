using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.RateLimiting;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>
/// What admission costs a request that finds nobody waiting: nothing where nothing is bounded, a read where destinations are, a permit besides where the cluster
/// is. Promised: 0 B.
/// </summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class AdmissionBenchmarks : IDisposable
{
    private readonly AdmissionQueue _queue = new(TimeProvider.System, static () => 1, static _ => Outlook.Open) { Limits = new QueueLimits(100, 1 << 20) };
    private readonly ConcurrencyLimit _limit = new(new PermitTable(), PartitionKey.ScopeOf("cluster", "llm"), 8, perClient: false);
    private readonly LeaseSet _leases = new();
    private AdmissionQueue? _none;

    /// <summary>Nothing is bounded.</summary>
    [Benchmark(Baseline = true)]
    public bool Off() => _none is not null;

    /// <summary>Destinations are bounded: whether anybody waits, before and after.</summary>
    [Benchmark]
    public bool Bounded()
    {
        var isWaited = _queue.IsWaited;
        _queue.Freed();
        return isWaited;
    }

    /// <summary>The cluster is bounded: a permit is taken and given back besides.</summary>
    [Benchmark]
    public bool MaxInFlight()
    {
        var isWaited = _queue.IsWaited;
        _leases.Add(_limit.AttemptAcquire(default));
        _leases.Release();
        _queue.Freed();
        return isWaited;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _none = _queue;
        _limit.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>What a queue costs under its gate while so many wait, each of a client of its own.</summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class AdmissionQueueBenchmarks
{
    private AdmissionQueue _queue = null!;
    private Waiter _next = null!;
    private WaitTicket _ticket;
    private int _places;
    private object? _served;

    /// <summary>Requests that wait.</summary>
    [Params(10, 1000, 10_000)]
    public int Waiting { get; set; }

    /// <summary>As many as may.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _queue = new AdmissionQueue(TimeProvider.System, () => _places, Look) { Limits = new QueueLimits(Waiting, 1 << 30) };
        for (var client = 0UL; client < (ulong)Waiting; client++)
        {
            _ticket = new WaitTicket(PriorityBand.Standard, client, 0, long.MaxValue) { Tokens = 100 };
            _next = _queue.TryEnter(_ticket, new Box())!;
            ((Box)_next.Request!).Waiter = _next;
        }
    }

    /// <summary>A place comes free and is given to whose turn it is, who begins; another comes in its place.</summary>
    [Benchmark]
    public void Grant()
    {
        _places = 1;
        _queue.Freed();
        _places = 0;
        var box = (Box)_served!;
        var ticket = box.Waiter!.Ticket;
        _queue.Done(box.Waiter, hasBegun: true);
        _queue.Return(box.Waiter);
        box.Waiter = _queue.TryEnter(ticket, box);
    }

    /// <summary>One comes that finds no place.</summary>
    [Benchmark]
    public bool Refuse() => _queue.TryEnter(_ticket, this) is null;

    /// <summary>The look for deadlines, every 50 ms.</summary>
    [Benchmark]
    public void Sweep() => _queue.Sweep();

    // The one that is asked last is the one that is granted: all are of one kind, and it is asked once.
    private Outlook Look(object request)
    {
        _served = request;
        return _places > 0 ? Outlook.Open : Outlook.Full;
    }

    private sealed class Box
    {
        public Waiter? Waiter { get; set; }
    }
}
