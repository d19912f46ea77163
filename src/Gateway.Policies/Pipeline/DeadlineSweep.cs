using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Looks at the deadlines of all requests every <see cref="Period"/>; a limit bites at most that much late. Looks at once when a destination is taken out, for
/// those that wait for it.
/// </summary>
internal sealed class DeadlineSweep : IDisposable
{
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    /// <summary>Time between two looks from which on it was the whole process that stood still: stopped, not scheduled, or a machine that was paused.</summary>
    public static readonly TimeSpan Standstill = 10 * Period;

    /// <summary>What got time back because of a standstill runs out this much after it at the latest.</summary>
    public static readonly TimeSpan MostGivenBack = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _givingBack = new();
    private readonly long _standstill;
    private readonly long _mostGivenBack;
    private long _looked;
    private readonly Lock _changing = new();
    private readonly Stack<int> _free = new();
    private Deadline?[] _slots = [];
    private int _used;

    /// <param name="time">Clock.</param>
    /// <param name="availability">Who tells when a destination is taken out; null when nobody does.</param>
    /// <param name="standstill">
    /// Gap between two looks that is a standstill; null to take every gap for time that passed. A clock that is not the system's may be moved by whoever owns it
    /// while nothing stands still.
    /// </param>
    public DeadlineSweep(TimeProvider time, IAvailability? availability = null, TimeSpan? standstill = null)
    {
        _time = time;
        _standstill = standstill is { } gap ? Ticks(gap) : long.MaxValue;
        _mostGivenBack = Ticks(MostGivenBack);
        _looked = time.GetTimestamp();
        availability?.Listen(change =>
        {
            if (change is { WasAvailable: true, IsAvailable: false })
            {
                Look();
            }
        });
        _timer = time.CreateTimer(static state => ((DeadlineSweep)state!).Tick(), this, Period, Period);
    }

    /// <summary>Called when what is in flight is ended, for those that wait where no deadline sees them.</summary>
    public Action? ShuttingDown { get; set; }

    /// <summary>Called after each look that the clock brings about.</summary>
    public Action? Looked { get; set; }

    /// <summary>Deadlines looked at.</summary>
    public int Count
    {
        get
        {
            lock (_changing)
            {
                return _used - _free.Count;
            }
        }
    }

    /// <summary>Adds one; rare, since request contexts are reused.</summary>
    public void Add(Deadline deadline)
    {
        lock (_changing)
        {
            if (!_free.TryPop(out var slot))
            {
                slot = _used++;
                if (slot == _slots.Length)
                {
                    var larger = new Deadline?[Math.Max(64, 2 * _slots.Length)];
                    _slots.CopyTo(larger, 0);
                    Volatile.Write(ref _slots, larger);
                }
            }

            deadline.Slot = slot;
            Volatile.Write(ref _slots[slot], deadline);
        }
    }

    /// <summary>Removes one that was canceled.</summary>
    public void Remove(Deadline deadline)
    {
        lock (_changing)
        {
            Volatile.Write(ref _slots[deadline.Slot], null);
            _free.Push(deadline.Slot);
        }
    }

    /// <summary>Counts the streams of destinations that are waited for; one pass, however many destinations.</summary>
    public void Tell(IReadOnlyDictionary<DestinationLoad, StreamWaits> waits)
    {
        foreach (var deadline in Volatile.Read(ref _slots))
        {
            deadline?.Count(waits);
        }
    }

    /// <summary>Streams that are passed on now.</summary>
    public int Streams => Volatile.Read(ref _slots).Count(static deadline => deadline is { IsStreaming: true });

    /// <summary>Ends every request in flight because the process stops.</summary>
    public void ShutDown()
    {
        ShuttingDown?.Invoke();
        foreach (var deadline in Volatile.Read(ref _slots))
        {
            deadline?.ShutDown();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        Look();
        Looked?.Invoke();
    }

    private void Look()
    {
        var now = _time.GetTimestamp();
        if (_standstill != long.MaxValue)
        {
            GiveBack(now);
        }

        foreach (var deadline in Volatile.Read(ref _slots))
        {
            deadline?.Look(now);
        }
    }

    /// <summary>
    /// Limits ran out while the process stood still, although what destinations sent meanwhile may only have to be read. Two may look at once; neither ends
    /// anything before all have their time back.
    /// </summary>
    private void GiveBack(long now)
    {
        lock (_givingBack)
        {
            var from = _looked;
            _looked = Math.Max(from, now);
            if (now - from < _standstill)
            {
                return;
            }

            foreach (var deadline in Volatile.Read(ref _slots))
            {
                deadline?.GiveBack(from, now, now + _mostGivenBack);
            }
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
