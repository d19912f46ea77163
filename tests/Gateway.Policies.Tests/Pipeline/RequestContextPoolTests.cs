using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Pipeline;

public sealed class RequestContextPoolTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly DeadlineSweep _sweep;
    private readonly RequestContextPool _pool;

    public RequestContextPoolTests()
    {
        _sweep = new DeadlineSweep(_time);
        _pool = new RequestContextPool(new BodyBudget(0), _sweep, _time, null!, new MemoryPressure(_time));
    }

    public void Dispose() => _sweep.Dispose();

    [Fact]
    public void What_came_back_last_goes_first()
    {
        var contexts = Rent(200);
        Return(contexts);
        Assert.Equal((0, 200, 200), (_pool.InFlight, _pool.Idle, _sweep.Count));
        Assert.Same(contexts[199], Rent());
        Assert.Same(contexts[198], Rent());
        _pool.Return(contexts[199]);
        Assert.Same(contexts[199], Rent());
        Assert.Equal((2, 198, 200), (_pool.InFlight, _pool.Idle, _sweep.Count));
    }

    [Fact]
    public void Renting_and_returning_allocate_nothing_after_a_burst()
    {
        Return(Rent(1000));
        var least = long.MaxValue;
        for (var round = 0; round < 4; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                var (one, other) = (Rent(), Rent());
                _pool.Return(one);
                _pool.Return(other);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal((0, 1000), (least, _sweep.Count));
    }

    [Theory]
    [InlineData(59.9, 1000)]
    [InlineData(60, 1000)]
    [InlineData(119.9, 1000)]
    [InlineData(120, 3)]
    [InlineData(1000, 3)]
    public void What_a_burst_left_behind_is_let_go_when_a_minute_passed_without_need_of_it(double seconds, int kept)
    {
        Return(Rent(1000));
        var running = Rent(3);
        Return(Rent(2));
        Pass(seconds);
        Assert.Equal((3, kept - 3, kept), (_pool.InFlight, _pool.Idle, _sweep.Count));
        Return(running);
        Return(Rent(10));
        Assert.Equal((0, Math.Max(10, kept)), (_pool.InFlight, _pool.Idle));
    }

    [Fact]
    public void What_is_needed_at_once_within_each_minute_is_kept()
    {
        for (var minute = 0; minute < 5; minute++)
        {
            Return(Rent(100));
            Pass(59);
        }

        Assert.Equal((100, 100), (_pool.Idle, _sweep.Count));
    }

    [Fact]
    public void A_slot_that_was_let_go_serves_another_context()
    {
        var expired = Rent();
        expired.Deadline.Begin(_time.GetTimestamp() + 1);
        var kept = Rent();
        Pass(0.1);
        _pool.Return(expired);
        _pool.Return(kept);
        Assert.Equal((1, 1), (_pool.Idle, _sweep.Count));
        Assert.Same(kept, Rent());
        var another = Rent();
        Assert.NotSame(expired, another);
        _pool.Return(another);
        Assert.Same(another, Rent());
        Assert.Equal((2, 0, 2), (_pool.InFlight, _pool.Idle, _sweep.Count));
    }

    [Fact]
    public void However_many_rent_and_return_at_once_nobody_gets_what_another_has_and_none_is_lost()
    {
        const int Threads = 8;
        const int Rounds = 20_000;
        var owners = new System.Runtime.CompilerServices.ConditionalWeakTable<RequestContext, StrongBox>();
        var doubles = 0;
        var threads = Enumerable.Range(0, Threads).Select(seed => new Thread(() =>
        {
            var random = new Random(seed);
            var held = new Stack<RequestContext>();
            for (var i = 0; i < Rounds; i++)
            {
                if (held.Count == 0 || (held.Count < 5 && random.Next(2) == 0))
                {
                    var context = Rent();
                    doubles += Interlocked.Increment(ref owners.GetOrCreateValue(context).Owners) == 1 ? 0 : 1;
                    held.Push(context);
                    if (random.Next(50) == 0)
                    {
                        // One that may not serve another request: its slot goes to a new one.
                        context.Deadline.ShutDown();
                    }
                }
                else
                {
                    var context = held.Pop();
                    Interlocked.Decrement(ref owners.GetOrCreateValue(context).Owners);
                    _pool.Return(context);
                }
            }

            foreach (var context in held)
            {
                Interlocked.Decrement(ref owners.GetOrCreateValue(context).Owners);
                _pool.Return(context);
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        while (!Array.TrueForAll(threads, thread => thread.Join(0)))
        {
            // Trims meanwhile.
            _time.Advance(TimeSpan.FromSeconds(61));
        }

        Assert.Equal((0, 0), (doubles, _pool.InFlight));
        Assert.Equal(_sweep.Count, _pool.Idle);
        var idle = _pool.Idle;
        Assert.Equal(idle, Rent(idle).Distinct().Count());
        Assert.Equal((0, idle), (_pool.Idle, _sweep.Count));
    }

    private RequestContext Rent()
    {
        var context = _pool.Rent();
        context.Deadline.Begin(long.MaxValue);
        return context;
    }

    private RequestContext[] Rent(int count) => [.. Enumerable.Range(0, count).Select(_ => Rent())];

    private void Return(RequestContext[] contexts) => Array.ForEach(contexts, _pool.Return);

    private void Pass(double seconds)
    {
        for (var left = TimeSpan.FromSeconds(seconds); left > TimeSpan.Zero; left -= DeadlineSweep.Period)
        {
            _time.Advance(left < DeadlineSweep.Period ? left : DeadlineSweep.Period);
        }
    }

    private sealed class StrongBox
    {
        public int Owners;
    }
}
