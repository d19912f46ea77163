using System.Threading.Tasks.Sources;

namespace BlazeGateway.Policies.Admission;

/// <summary>One request in a queue. Used again by its queue for others. Everything but the wait itself is changed under the queue's gate only.</summary>
internal sealed class Waiter(AdmissionQueue queue) : IValueTaskSource<WaitEnd>
{
    /// <summary>The earliest deadline first, and of one deadline whoever came first.</summary>
    public static readonly Comparer<Waiter> Earliest = Comparer<Waiter>.Create(static (one, other) =>
        one.Ticket.Deadline.CompareTo(other.Ticket.Deadline) is not 0 and var order ? order : one.Order.CompareTo(other.Order));

    /// <summary>Whoever came first.</summary>
    public static readonly Comparer<Waiter> Oldest = Comparer<Waiter>.Create(static (one, other) => one.Order.CompareTo(other.Order));

    // Whoever makes room goes on with its own work; those it wakes go on by themselves.
    private ManualResetValueTaskSourceCore<WaitEnd> _core = new() { RunContinuationsAsynchronously = true };

    /// <summary>What it waits with.</summary>
    public WaitTicket Ticket { get; set; }

    /// <summary>Whose it is.</summary>
    public object? Request { get; set; }

    /// <summary>Counts those that came; lower came first.</summary>
    public long Order { get; set; }

    /// <summary>Whether it stands in a line.</summary>
    public bool IsInLine { get; set; }

    /// <summary>Whether it came though there was no place to wait, because it could begin at once: it has none to come back to.</summary>
    public bool IsGuest { get; set; }

    /// <summary>Ends when its turn comes or it is not to wait any longer. Awaited once for each <see cref="AdmissionQueue.TryEnter"/> and <see cref="AdmissionQueue.ComeAgain"/>.</summary>
    public ValueTask<WaitEnd> WhenOver => new(this, _core.Version);

    /// <summary>Takes it out of its line, if it still stands there. May be called by any thread until <see cref="AdmissionQueue.Return"/>.</summary>
    public void Leave() => queue.Leave(this);

    /// <summary>Whoever it belongs to went another way: see <see cref="AdmissionQueue.Abandon"/>.</summary>
    public void Abandon() => queue.Abandon(this);

    internal void End(WaitEnd end) => _core.SetResult(end);

    internal void Renew() => _core.Reset();

    WaitEnd IValueTaskSource<WaitEnd>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<WaitEnd>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<WaitEnd>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
