namespace BlazeGateway.Policies.Admission;

/// <summary>The waiting requests of one client: its flows take turns.</summary>
internal sealed class ClientLine(ulong id) : FairTurn
{
    /// <summary>Flows that are remembered though nothing of theirs waits; beyond it they are forgotten.</summary>
    public const int MostIdle = 64;

    private readonly List<FlowLine> _flows = [];
    private double _now;

    /// <summary>Which client.</summary>
    public ulong Id => id;

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Its weight.</summary>
    public int Share { get; private set; } = 1;

    public void Add(Waiter waiter)
    {
        Share = waiter.Ticket.Share;
        var flow = Of(waiter.Ticket.Flow);
        if (flow is null)
        {
            _flows.Add(flow = new FlowLine(waiter.Ticket.Flow));
        }

        if (flow.Waiters.Count == 0)
        {
            flow.Join(_now);
        }

        flow.Add(waiter);
        Count++;
    }

    public void Remove(Waiter waiter)
    {
        if (Of(waiter.Ticket.Flow) is not { } flow || !flow.Remove(waiter))
        {
            return;
        }

        Count--;

        if (Count == 0 || _flows.Count > MostIdle + Count)
        {
            _flows.RemoveAll(static line => line.Waiters.Count == 0);
        }
        else if (flow.Waiters.Count == 0 && flow.Start <= _now)
        {
            // One that is ahead of the others is remembered.
            _flows.Remove(flow);
        }
    }

    /// <summary>Whose turn it is among those that <paramref name="may"/> begin.</summary>
    public Waiter? First(Func<Waiter, bool> may)
    {
        Waiter? first = null;
        var start = 0.0;
        foreach (var flow in _flows)
        {
            if (flow.First(may) is { } waiter && (first is null || flow.Start < start || (flow.Start == start && waiter.Order < first.Order)))
            {
                (first, start) = (waiter, flow.Start);
            }
        }

        return first;
    }

    /// <summary>The one that came last of the flow of which most wait.</summary>
    public Waiter? Newest()
    {
        var longest = _flows.MaxBy(static flow => flow.Waiters.Count);
        return longest?.Waiters.MaxBy(static waiter => waiter.Order);
    }

    /// <summary>A request was served.</summary>
    public void Serve(in WaitTicket ticket)
    {
        _now = Math.Max(_now, Of(ticket.Flow)?.Start ?? 0);
        Pay(ticket, ticket.Tokens);
    }

    /// <summary>The next turns of the client and of the flow come later by <paramref name="tokens"/>, or sooner.</summary>
    public void Pay(in WaitTicket ticket, double tokens)
    {
        Of(ticket.Flow)?.Charge(tokens);
        Charge(tokens / Math.Max(1, ticket.Share));
    }

    /// <summary>Every request, in no order.</summary>
    public IEnumerable<Waiter> All() => _flows.SelectMany(static flow => flow.Waiters);

    private FlowLine? Of(ulong flow) => _flows.Find(line => line.Id == flow);
}
