using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Pipeline.Body;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Request contexts, made as concurrency grows. Renting and returning neither locks nor allocates. The one that came back last goes first, so that few are in
/// the processor's cache and the others are idle; as many as were in flight at once in the last <see cref="Kept"/> are kept.
/// </summary>
/// <remarks>
/// A stack (R. K. Treiber, 1986) of the slots that <see cref="DeadlineSweep"/> gave the contexts. Its top carries a number that goes up with each change: who
/// read a context that was taken and put back meanwhile does not take it by the next one it saw there.
/// </remarks>
internal sealed class RequestContextPool
{
    /// <summary>Contexts not needed at once for so long are let go, after twice as long at the latest.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly BodyBudget _budget;
    private readonly DeadlineSweep _sweep;
    private readonly TimeProvider _time;
    private readonly Failover _failover;
    private readonly MemoryPressure _pressure;
    private readonly Lock _making = new();
    private RequestContext?[] _bySlot = new RequestContext?[64];

    // Number of changes above, slot plus one below; no slot when it is empty.
    private long _top;
    private int _made;
    private int _inFlight;
    private int _mostInFlight;
    private long _trimmed;

    /// <param name="budget">Bytes of bodies that may be held.</param>
    /// <param name="sweep">Who looks at the deadlines, and by whose clock contexts are let go.</param>
    /// <param name="time">Clock.</param>
    /// <param name="failover">Whether another destination is asked when one fails.</param>
    /// <param name="pressure">How short memory is.</param>
    public RequestContextPool(BodyBudget budget, DeadlineSweep sweep, TimeProvider time, Failover failover, MemoryPressure pressure)
    {
        (_budget, _sweep, _time, _failover, _pressure) = (budget, sweep, time, failover, pressure);
        _trimmed = time.GetTimestamp();
        sweep.Looked = Trim;
    }

    /// <summary>Requests on their way.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Contexts that wait for a request. Counted one by one, and right only while none comes or goes.</summary>
    public int Idle
    {
        get
        {
            var contexts = Volatile.Read(ref _bySlot);
            var count = 0;
            for (var slot = SlotOf(Volatile.Read(ref _top)); slot >= 0 && count < contexts.Length && contexts[slot] is { } context; slot = context.Below)
            {
                count++;
            }

            return count;
        }
    }

    /// <summary>A context for one request.</summary>
    public RequestContext Rent()
    {
        var inFlight = Interlocked.Increment(ref _inFlight);

        // Of two that rise at once the lower may be written last: then one or two more are let go, and made again.
        if (inFlight > Volatile.Read(ref _mostInFlight))
        {
            Volatile.Write(ref _mostInFlight, inFlight);
        }

        return TryPop() ?? Make();
    }

    /// <summary>Takes a context back; one that may not serve another request is let go.</summary>
    public void Return(RequestContext context)
    {
        if (context.End())
        {
            Push(context);
        }
        else
        {
            LetGo(context);
        }

        Interlocked.Decrement(ref _inFlight);
    }

    private static int SlotOf(long top) => (int)(uint)top - 1;

    private static long Next(long top, int slot) => (long)((((ulong)top >> 32) + 1) << 32) | (uint)(slot + 1);

    private void Push(RequestContext context)
    {
        long top;
        do
        {
            top = Volatile.Read(ref _top);
            context.Below = SlotOf(top);
        }
        while (Interlocked.CompareExchange(ref _top, Next(top, context.Deadline.Slot), top) != top);
    }

    private RequestContext? TryPop()
    {
        while (true)
        {
            var top = Volatile.Read(ref _top);
            var slot = SlotOf(top);
            if (slot < 0)
            {
                return null;
            }

            // Whatever is found there counts only if the top has not changed since: then it is on the stack, and what is below it stands.
            if (Volatile.Read(ref Volatile.Read(ref _bySlot)[slot]) is { } context
                && Interlocked.CompareExchange(ref _top, Next(top, context.Below), top) == top)
            {
                return context;
            }
        }
    }

    private RequestContext Make()
    {
        var context = new RequestContext(_budget, _time, _failover, _pressure);
        _sweep.Add(context.Deadline);
        var slot = context.Deadline.Slot;
        lock (_making)
        {
            if (slot >= _bySlot.Length)
            {
                var larger = new RequestContext?[Math.Max(slot + 1, 2 * _bySlot.Length)];
                _bySlot.CopyTo(larger, 0);
                Volatile.Write(ref _bySlot, larger);
            }

            Volatile.Write(ref _bySlot[slot], context);
            _made++;
        }

        return context;
    }

    private void LetGo(RequestContext context)
    {
        lock (_making)
        {
            _bySlot[context.Deadline.Slot] = null;
            _made--;
        }

        _sweep.Remove(context.Deadline);
    }

    /// <summary>Called by the sweep, by one thread at a time as far as time goes on.</summary>
    private void Trim()
    {
        var last = Volatile.Read(ref _trimmed);
        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(last, now) < Kept || Interlocked.CompareExchange(ref _trimmed, now, last) != last)
        {
            return;
        }

        var spare = Volatile.Read(ref _made) - Volatile.Read(ref _mostInFlight);
        Volatile.Write(ref _mostInFlight, InFlight);
        while (spare-- > 0 && TryPop() is { } context)
        {
            LetGo(context);
        }
    }
}
