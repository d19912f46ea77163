namespace BlazeGateway.Policies.Admission;

/// <summary>The waiting requests of one flow.</summary>
internal sealed class FlowLine(ulong id) : FairTurn
{
    private readonly List<FlowTurn> _turns = [];

    /// <summary>Which flow.</summary>
    public ulong Id => id;

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    public void Add(Waiter waiter, ClientTurn client)
    {
        var turn = Of(client);
        if (turn is null)
        {
            _turns.Add(turn = new FlowTurn(this, client));
        }

        turn.Leave();
        turn.Waiters.Add(waiter);
        turn.Stand();
        Count++;
    }

    public void Remove(Waiter waiter, ClientTurn client)
    {
        var turn = Of(client)!;
        turn.Leave();
        turn.Waiters.Remove(waiter);
        Count--;
        if (turn.Waiters.Count == 0)
        {
            _turns.Remove(turn);
        }
        else
        {
            turn.Stand();
        }
    }

    /// <summary>Its next turn comes later by <paramref name="tokens"/>, or sooner.</summary>
    public void Pay(double tokens, double now)
    {
        foreach (var turn in _turns)
        {
            turn.Leave();
        }

        Charge(tokens, now);
        foreach (var turn in _turns)
        {
            turn.Stand();
        }
    }

    /// <summary>The one with the latest deadline.</summary>
    public Waiter? Last()
    {
        Waiter? last = null;
        foreach (var turn in _turns)
        {
            last = last is null || Waiter.Earliest.Compare(turn.Waiters.Max!, last) > 0 ? turn.Waiters.Max : last;
        }

        return last;
    }

    private FlowTurn? Of(ClientTurn client) => _turns.Find(turn => turn.Client == client);
}

/// <summary>What a flow has waiting of one kind: earliest deadline first, and of one deadline whoever came first.</summary>
/// <param name="flow">The flow.</param>
/// <param name="client">What the client has waiting of that kind.</param>
internal sealed class FlowTurn(FlowLine flow, ClientTurn client) : KindTurn
{
    /// <summary>The flow.</summary>
    public FlowLine Flow => flow;

    /// <summary>What the client has waiting of that kind.</summary>
    public ClientTurn Client => client;

    /// <summary>Its requests.</summary>
    public SortedSet<Waiter> Waiters { get; } = new(Waiter.Earliest);

    public void Leave() => client.Flows.Take(this);

    /// <summary>Whether it goes before what the client has of another kind.</summary>
    public bool IsBefore(FlowTurn other) =>
        flow == other.Flow ? Waiter.Earliest.Compare(Waiters.Min!, other.Waiters.Min!) < 0 : TurnOrder<FlowTurn>.IsBefore(this, other);

    public void Stand() => client.Flows.Put(this, flow.Start, Waiters.Min!.Order);
}
