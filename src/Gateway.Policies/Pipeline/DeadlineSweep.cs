namespace BlazeGateway.Policies.Pipeline;

/// <summary>Looks at the deadlines of all requests every <see cref="Period"/>; a limit bites at most that much late.</summary>
internal sealed class DeadlineSweep : IDisposable
{
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _changing = new();
    private Deadline[] _all = [];

    public DeadlineSweep(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((DeadlineSweep)state!).Look(), this, Period, Period);
    }

    /// <summary>Deadlines looked at.</summary>
    public int Count => Volatile.Read(ref _all).Length;

    /// <summary>Adds one; rare, since request contexts are reused.</summary>
    public void Add(Deadline deadline)
    {
        lock (_changing)
        {
            Volatile.Write(ref _all, [.. _all, deadline]);
        }
    }

    /// <summary>Removes one that was canceled.</summary>
    public void Remove(Deadline deadline)
    {
        lock (_changing)
        {
            Volatile.Write(ref _all, Array.FindAll(_all, other => !ReferenceEquals(other, deadline)));
        }
    }

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        var now = _time.GetTimestamp();
        foreach (var deadline in Volatile.Read(ref _all))
        {
            deadline.Look(now);
        }
    }
}
