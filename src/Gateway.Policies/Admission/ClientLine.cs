namespace BlazeGateway.Policies.Admission;

/// <summary>The waiting requests of one client: its flows take turns.</summary>
internal sealed class ClientLine(ulong id) : FairTurn
{
    /// <summary>Flows that are remembered though nothing of theirs waits; beyond it they are forgotten.</summary>
    public const int MostIdle = 64;

    private readonly Dictionary<ulong, FlowLine> _flows = [];
    private readonly List<ClientTurn> _turns = [];
    private double _now;

    /// <summary>Which client.</summary>
    public ulong Id => id;

    /// <summary>Requests that wait.</summary>
    public int Count => Waiters.Count;

    /// <summary>Bytes of their bodies.</summary>
    public long Bytes { get; private set; }

    /// <summary>Its weight.</summary>
    public int Share { get; private set; } = 1;

    /// <summary>Its requests, as they came.</summary>
    public SortedSet<Waiter> Waiters { get; } = new(Waiter.Oldest);

    /// <param name="waiter">Who comes.</param>
    /// <param name="kind">All clients with requests of its kind.</param>
    public void Add(Waiter waiter, TurnOrder<ClientTurn> kind)
    {
        Share = waiter.Ticket.Share;
        if (!_flows.TryGetValue(waiter.Ticket.Flow, out var flow))
        {
            _flows.Add(waiter.Ticket.Flow, flow = new FlowLine(waiter.Ticket.Flow));
        }

        if (flow.Count == 0)
        {
            flow.Join(_now);
        }

        var turn = Of(waiter);
        if (turn is null)
        {
            _turns.Add(turn = new ClientTurn(this, waiter.Ticket.Kind, kind));
        }

        turn.Leave();
        flow.Add(waiter, turn);
        turn.Stand();
        Waiters.Add(waiter);
        Bytes += waiter.Ticket.Bytes;
    }

    public void Remove(Waiter waiter)
    {
        var (flow, turn) = (_flows[waiter.Ticket.Flow], Of(waiter)!);
        turn.Leave();
        flow.Remove(waiter, turn);
        if (turn.Flows.IsEmpty)
        {
            _turns.Remove(turn);
        }
        else
        {
            turn.Stand();
        }

        Waiters.Remove(waiter);
        Bytes -= waiter.Ticket.Bytes;
        Forget(flow);
    }

    /// <summary>Whose turn it is among those that <paramref name="may"/> begin.</summary>
    public Waiter? First(Func<Waiter, bool> may)
    {
        FlowTurn? first = null;
        foreach (var turn in _turns)
        {
            var flow = turn.Flows.First!;
            if ((first is null || flow.IsBefore(first)) && may(turn.First))
            {
                first = flow;
            }
        }

        return first?.Waiters.Min;
    }

    /// <summary>The last of the flow of which most wait.</summary>
    public Waiter? Last()
    {
        var longest = (FlowLine?)null;
        foreach (var flow in _flows.Values)
        {
            longest = longest is null || flow.Count > longest.Count ? flow : longest;
        }

        return longest?.Last();
    }

    /// <summary>A request was served.</summary>
    public void Serve(in WaitTicket ticket, double now)
    {
        _now = Math.Max(_now, _flows.TryGetValue(ticket.Flow, out var flow) ? flow.Start : 0);
        Pay(ticket, ticket.Tokens, now);
    }

    /// <summary>The next turns of the client and of the flow come later by <paramref name="tokens"/>, or sooner.</summary>
    public void Pay(in WaitTicket ticket, double tokens, double now)
    {
        foreach (var turn in _turns)
        {
            turn.Leave();
        }

        if (_flows.TryGetValue(ticket.Flow, out var flow))
        {
            flow.Pay(tokens, _now);
        }

        Charge(tokens / Math.Max(1, ticket.Share), now);
        foreach (var turn in _turns)
        {
            turn.Stand();
        }
    }

    private void Forget(FlowLine flow)
    {
        if (Count == 0)
        {
            _flows.Clear();
        }
        else if (_flows.Count > MostIdle + Count)
        {
            foreach (var idle in _flows.Values.Where(static line => line.Count == 0).ToList())
            {
                _flows.Remove(idle.Id);
            }
        }
        else if (flow.Count == 0 && flow.Start <= _now)
        {
            // One that is ahead of the others is remembered.
            _flows.Remove(flow.Id);
        }
    }

    private ClientTurn? Of(Waiter waiter)
    {
        // Nearly always there is one.
        foreach (var turn in _turns)
        {
            if (turn.Kind == waiter.Ticket.Kind)
            {
                return turn;
            }
        }

        return null;
    }
}

/// <summary>What a client has waiting of one kind.</summary>
/// <param name="client">The client.</param>
/// <param name="kind">See <see cref="WaitTicket.Kind"/>.</param>
/// <param name="order">All clients with requests of that kind.</param>
internal sealed class ClientTurn(ClientLine client, ulong kind, TurnOrder<ClientTurn> order) : KindTurn
{
    /// <summary>See <see cref="WaitTicket.Kind"/>.</summary>
    public ulong Kind => kind;

    /// <summary>The client.</summary>
    public ClientLine Client => client;

    /// <summary>Its flows with requests of that kind.</summary>
    public TurnOrder<FlowTurn> Flows { get; } = new();

    /// <summary>Its first request.</summary>
    public Waiter First => Flows.First!.Waiters.Min!;

    public void Leave() => order.Take(this);

    public void Stand() => order.Put(this, client.Start, Flows.First!.Order);
}
