namespace BlazeGateway.Policies.Admission;

/// <summary>
/// The waiting requests of one band: clients take turns by the tokens they cost and their shares. Requests are kept by their kind, so that whose turn it is
/// among those that may begin is found without a look at those that may not. Changed under its queue's gate only.
/// </summary>
internal sealed class BandLine
{
    /// <summary>Clients that are remembered though nothing of theirs waits; beyond it they are forgotten.</summary>
    public const int MostIdle = 1024;

    private readonly Dictionary<ulong, ClientLine> _clients = [];
    private readonly Dictionary<ulong, TurnOrder<ClientTurn>> _kinds = [];
    private readonly SortedSet<Waiter> _waiters = new(Waiter.Oldest);
    private readonly SortedSet<ClientLine> _byCount = new(Most(static client => (double)client.Count / client.Share));
    private readonly SortedSet<ClientLine> _byBytes = new(Most(static client => (double)client.Bytes / client.Share));
    private double _now;

    /// <summary>Requests that wait.</summary>
    public int Count => _waiters.Count;

    /// <summary>Bytes of their bodies.</summary>
    public long Bytes { get; private set; }

    /// <summary>Clients that are known.</summary>
    public int Clients => _clients.Count;

    /// <summary>The one that came last.</summary>
    public Waiter? Newest => _waiters.Max;

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

        if (!_kinds.TryGetValue(waiter.Ticket.Kind, out var kind))
        {
            _kinds.Add(waiter.Ticket.Kind, kind = new());
        }

        Unrank(client);
        client.Add(waiter, kind);
        Rank(client);
        _waiters.Add(waiter);
        Bytes += waiter.Ticket.Bytes;
    }

    public void Remove(Waiter waiter)
    {
        var client = _clients[waiter.Ticket.Client];
        Unrank(client);
        client.Remove(waiter);
        _waiters.Remove(waiter);
        Bytes -= waiter.Ticket.Bytes;
        if (_kinds[waiter.Ticket.Kind].IsEmpty)
        {
            _kinds.Remove(waiter.Ticket.Kind);
        }

        if (client.Count == 0)
        {
            Forget(client);
        }
        else
        {
            Rank(client);
        }
    }

    /// <summary>Whose turn it is among those that <paramref name="may"/> begin; what it says of one holds for all of its kind.</summary>
    public Waiter? First(Func<Waiter, bool> may)
    {
        ClientTurn? first = null;
        foreach (var kind in _kinds.Values)
        {
            var turn = kind.First!;
            if ((first is null || TurnOrder<ClientTurn>.IsBefore(turn, first)) && may(turn.First))
            {
                first = turn;
            }
        }

        return first?.Client.First(may);
    }

    /// <summary>A request was served: its client's next turn comes as much later.</summary>
    public void Serve(in WaitTicket ticket)
    {
        if (_clients.TryGetValue(ticket.Client, out var client))
        {
            _now = Math.Max(_now, client.Start);
            client.Serve(ticket, _now);
        }
    }

    /// <summary>A request that was served cost <paramref name="tokens"/> more than it was charged, or less.</summary>
    public void Correct(in WaitTicket ticket, int tokens)
    {
        if (_clients.TryGetValue(ticket.Client, out var client))
        {
            client.Pay(ticket, tokens, _now);
        }
    }

    /// <summary>
    /// The last of the client that has most waiting by its share, if it still has as many as <paramref name="ticket"/>'s client would have with one more.
    /// </summary>
    public Waiter? OfLongest(in WaitTicket ticket)
    {
        var own = _clients.TryGetValue(ticket.Client, out var client) ? client.Count : 0;
        var longest = _byCount.Min;
        return longest is not null && longest.Id != ticket.Client && (double)(longest.Count - 1) / longest.Share >= (double)(own + 1) / ticket.Share
            ? longest.Last()
            : null;
    }

    /// <summary>The newest first. Not to be changed meanwhile.</summary>
    public IEnumerable<Waiter> NewestFirst() => _waiters.Reverse();

    /// <summary>
    /// The newest requests of the clients that hold most bytes by their shares, as far as they keep as many as <paramref name="ticket"/>'s client then holds.
    /// </summary>
    public IEnumerable<Waiter> OfLargest(WaitTicket ticket)
    {
        var own = (double)((_clients.TryGetValue(ticket.Client, out var client) ? client.Bytes : 0) + ticket.Bytes) / ticket.Share;
        foreach (var large in _byBytes)
        {
            var left = large.Bytes;
            if (large.Id == ticket.Client || left <= own * large.Share)
            {
                continue;
            }

            foreach (var waiter in large.Waiters.Reverse())
            {
                left -= waiter.Ticket.Bytes;
                if (left < own * large.Share)
                {
                    break;
                }

                yield return waiter;
            }
        }
    }

    private static Comparer<ClientLine> Most(Func<ClientLine, double> what) => Comparer<ClientLine>.Create((one, other) =>
        what(other).CompareTo(what(one)) is not 0 and var order ? order : one.Id.CompareTo(other.Id));

    // What a rank goes by is changed between these two only.
    private void Unrank(ClientLine client)
    {
        if (client.Count > 0)
        {
            _byCount.Remove(client);
            _byBytes.Remove(client);
        }
    }

    private void Rank(ClientLine client)
    {
        _byCount.Add(client);
        _byBytes.Add(client);
    }

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
