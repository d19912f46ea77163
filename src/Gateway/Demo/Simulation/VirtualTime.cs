using System.Runtime.InteropServices;

namespace BlazeGateway.Demo.Simulation;

/// <summary>
/// Time that moves on from one event to the next. Events of the same moment happen in the order in which they were set down, so a run is the same every time.
/// Moments are nanoseconds; the first is one second, because 0 stands for "not yet" in several places.
/// </summary>
internal sealed class VirtualTime : TimeProvider
{
    /// <summary>Nanoseconds of a second.</summary>
    public const long Second = 1_000_000_000;

    private readonly PriorityQueue<Due, (long At, long Order)> _events = new();
    private long _order;

    /// <summary>The moment it is.</summary>
    public long Now { get; private set; } = Second;

    /// <inheritdoc />
    public override long TimestampFrequency => Second;

    /// <summary>A time in seconds as a length in nanoseconds.</summary>
    public static long Of(double seconds) => (long)Math.Round(seconds * Second);

    /// <summary>A length in nanoseconds as seconds.</summary>
    public static double Seconds(long length) => (double)length / Second;

    /// <inheritdoc />
    public override long GetTimestamp() => Now;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Now / 100);

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    /// <summary>Sets down that something happens at <paramref name="moment"/>, or now if that is past.</summary>
    public void At(long moment, Action<object?> happens, object? state = null) =>
        _events.Enqueue(new Due(happens, state), (Math.Max(moment, Now), _order++));

    /// <summary>Goes on to the next event; false when there is none.</summary>
    public bool Next()
    {
        if (!_events.TryDequeue(out var due, out var moment))
        {
            return false;
        }

        Now = moment.At;
        due.Happens(due.State);
        return true;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Due(Action<object?> Happens, object? State);

    /// <summary>A timer: what was set down before it was changed finds another version and does nothing.</summary>
    private sealed class Alarm(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private long _version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var version = ++_version;
            if (dueTime >= TimeSpan.Zero)
            {
                Arm(dueTime, period, version);
            }

            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm(TimeSpan due, TimeSpan period, long version) => time.At(time.Now + (due.Ticks * 100), _ =>
        {
            if (_version != version)
            {
                return;
            }

            callback(state);
            if (period > TimeSpan.Zero && _version == version)
            {
                Arm(period, period, version);
            }
        });
    }
}
