using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>
/// Time that moves on from one event to the next, on one thread: the same events give the same run. <c>FakeTimeProvider</c> fires a timer as often as its period
/// fits into an advance; here the process can also be held up, after which its timers fire once, as those of a process do that stood still.
/// </summary>
internal sealed class SimulatedTime : TimeProvider
{
    private readonly PriorityQueue<Due, (long At, long Order)> _events = new();
    private long _now = TimeSpan.TicksPerHour;
    private long _order;

    /// <summary>What the wall clock is ahead of the monotonic one.</summary>
    public TimeSpan Wall { get; set; } = TimeSpan.FromDays(20_000);

    /// <summary>Time since the beginning of the run.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(_now - TimeSpan.TicksPerHour);

    /// <inheritdoc />
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc />
    public override long GetTimestamp() => _now;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Wall + TimeSpan.FromTicks(_now);

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    /// <summary>Sets down what happens <paramref name="after"/> from now.</summary>
    public void After(TimeSpan after, Action happens) => At(after, static state => ((Action)state!)(), happens);

    /// <summary>Goes on for <paramref name="length"/>; what falls due happens at its moment. Calls <paramref name="each"/> after each event that is not one of a regular row.</summary>
    public void Pass(TimeSpan length, Action? each = null)
    {
        var until = _now + length.Ticks;
        while (_events.TryPeek(out _, out var moment) && moment.At <= until)
        {
            var due = _events.Dequeue();
            _now = Math.Max(_now, moment.At);
            if (due.Alarm is { } alarm && alarm.Version != due.Version)
            {
                continue;
            }

            due.Happens(due.State);
            if (due.Alarm is not { IsRegular: true })
            {
                each?.Invoke();
            }
        }

        _now = Math.Max(_now, until);
    }

    /// <summary>The process stands still for <paramref name="length"/>: what fell due meanwhile happens at its end, when time goes on.</summary>
    public void StandStill(TimeSpan length) => _now += length.Ticks;

    private void At(TimeSpan after, Action<object?> happens, object? state, Alarm? alarm = null) =>
        _events.Enqueue(new Due(happens, state, alarm, alarm?.Version ?? 0), (_now + after.Ticks, _order++));

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Due(Action<object?> Happens, object? State, Alarm? Alarm, long Version);

    /// <summary>A timer: what was set down before it was changed is of another version and does not happen.</summary>
    private sealed class Alarm(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public long Version { get; private set; }

        public bool IsRegular => _period > TimeSpan.Zero;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Version++;
            _period = period;
            if (dueTime >= TimeSpan.Zero)
            {
                time.At(dueTime, Fire, this, this);
            }

            return true;
        }

        public void Dispose() => Version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private static void Fire(object? state) => ((Alarm)state!).Fire();

        private void Fire()
        {
            if (_period > TimeSpan.Zero)
            {
                time.At(_period, Fire, this, this);
            }

            callback(state);
        }
    }
}
