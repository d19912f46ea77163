namespace BlazeGateway.Policies.Admission;

/// <summary>The waiting requests of one band: clients take turns by the tokens they cost and their shares. Changed under its queue's gate only.</summary>
internal sealed class BandLine
{
    /// <summary>Clients that are remembered though nothing of theirs waits; beyond it they are forgotten.</summary>
    public const int MostIdle = 1024;

    private readonly Dictionary<ulong, ClientLine> _clients = [];
    private double _now;

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of their bodies.</summary>
    public long Bytes { get; private set; }

    /// <summary>Clients that are known.</summary>
    public int Clients => _clients.Count;

    public void Add(Waiter waiter)
    {
        if (!_clients.TryGetValue(waiter.Ticket.Client, out var client))
        {
            _clients.Add(waiter.Ticket.Client, client = new ClientLine(waiter.Ticket.Client));
        }

        if (client.Count == 0)
        {
            client.Join(_now);
        }

        client.Add(waiter);
        Count++;
        Bytes += waiter.Ticket.Bytes;
    }

    public void Remove(Waiter waiter)
    {
        var client = _clients[waiter.Ticket.Client];
        client.Remove(waiter);
        Count--;
        Bytes -= waiter.Ticket.Bytes;
        if (client.Count == 0)
        {
            Forget(client);
        }
    }

    /// <summary>Whose turn it is among those that <paramref name="may"/> begin.</summary>
    public Waiter? First(Func<Waiter, bool> may)
    {
        Waiter? first = null;
        var start = 0.0;
        foreach (var client in _clients.Values)
        {
            if (client.Count > 0 && (first is null || client.Start <= start) && client.First(may) is { } waiter
                && (first is null || client.Start < start || waiter.Order < first.Order))
            {
                (first, start) = (waiter, client.Start);
            }
        }

        return first;
    }

    /// <summary>A request was served: its client's next turn comes as much later.</summary>
    public void Serve(in WaitTicket ticket)
    {
        if (_clients.TryGetValue(ticket.Client, out var client))
        {
            _now = Math.Max(_now, client.Start);
            client.Serve(ticket);
        }
    }

    /// <summary>A request that was served cost <paramref name="tokens"/> more than it was charged, or less.</summary>
    public void Correct(in WaitTicket ticket, int tokens)
    {
        if (_clients.TryGetValue(ticket.Client, out var client))
        {
            client.Pay(ticket, tokens);
        }
    }

    /// <summary>The one that came last.</summary>
    public Waiter? Newest() => All().MaxBy(static waiter => waiter.Order);

    /// <summary>
    /// The one that came last of the client that has most waiting by its share, if it still has more than <paramref name="ticket"/>'s client would have with one more.
    /// </summary>
    public Waiter? OfLongest(in WaitTicket ticket)
    {
        var own = _clients.TryGetValue(ticket.Client, out var client) ? client.Count : 0;
        var longest = _clients.Values.MaxBy(static line => (double)line.Count / line.Share);
        return longest is not null && longest.Id != ticket.Client && (double)(longest.Count - 1) / longest.Share >= (double)(own + 1) / ticket.Share
            ? longest.Newest()
            : null;
    }

    /// <summary>Every request, in no order.</summary>
    public IEnumerable<Waiter> All() => _clients.Values.SelectMany(static client => client.All());

    private void Forget(ClientLine client)
    {
        if (Count == 0)
        {
            _clients.Clear();
        }
        else if (client.Start <= _now)
        {
            _clients.Remove(client.Id);
        }
        else if (_clients.Count > MostIdle + Count)
        {
            foreach (var idle in _clients.Values.Where(static known => known.Count == 0).ToList())
            {
                _clients.Remove(idle.Id);
            }
        }
    }
}
