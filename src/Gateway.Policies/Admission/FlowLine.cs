namespace BlazeGateway.Policies.Admission;

/// <summary>
/// A turn among others by start-time fair queueing (Goyal, Vin and Cheng, 1996) with tokens for bytes: whoever has the earliest start is served and starts
/// its next turn as much later as its tokens are by its share. Whoever comes anew starts now, not where it left off.
/// </summary>
internal abstract class FairTurn
{
    /// <summary>Where its next turn starts, in tokens by share.</summary>
    public double Start { get; private set; }

    /// <summary>Begins to wait when the one served last started at <paramref name="now"/>.</summary>
    public void Join(double now) => Start = Math.Max(Start, now);

    /// <summary>Was served, or gives back what it was served.</summary>
    public void Charge(double tokens) => Start += tokens;
}

/// <summary>The waiting requests of one flow: earliest deadline first, and of one deadline whoever came first.</summary>
internal sealed class FlowLine(ulong id) : FairTurn
{
    private readonly List<Waiter> _waiters = [];

    /// <summary>Which flow.</summary>
    public ulong Id => id;

    /// <summary>Its requests, in their order.</summary>
    public IReadOnlyList<Waiter> Waiters => _waiters;

    public void Add(Waiter waiter)
    {
        // Nearly always the last.
        var at = _waiters.Count;
        while (at > 0 && IsBefore(waiter, _waiters[at - 1]))
        {
            at--;
        }

        _waiters.Insert(at, waiter);
    }

    public bool Remove(Waiter waiter) => _waiters.Remove(waiter);

    /// <summary>The first that <paramref name="may"/> begin.</summary>
    public Waiter? First(Func<Waiter, bool> may)
    {
        foreach (var waiter in _waiters)
        {
            if (may(waiter))
            {
                return waiter;
            }
        }

        return null;
    }

    private static bool IsBefore(Waiter one, Waiter other) =>
        one.Ticket.Deadline != other.Ticket.Deadline ? one.Ticket.Deadline < other.Ticket.Deadline : one.Order < other.Order;
}
