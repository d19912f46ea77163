using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Admission;

/// <summary>
/// The bounded queue of one cluster, in front of the pick. Whoever is told <see cref="WaitEnd.Granted"/> tries to begin and says how that went; no more are
/// told at once than there are free places, so that nobody is woken for nothing and whose turn it is stays exact. While nobody waits a request pays one read
/// (<see cref="IsWaited"/>), and so does whoever makes room. The gate is taken by those that wait, and by those that make room for them.
/// </summary>
internal sealed class AdmissionQueue
{
    private readonly Lock _gate = new();
    private readonly WaitingLines _lines = new();
    private readonly Stack<Waiter> _idle = new();
    private readonly TimeProvider _time;
    private readonly Func<int> _room;
    private readonly Func<Waiter, bool> _may;
    private readonly DrainRate _drain;
    private QueueLimits _limits = new(0, 0);
    private int _waiting;
    private int _granted;
    private long _order;
    private bool _isClosed;

    /// <param name="time">Clock that deadlines are timestamps of.</param>
    /// <param name="room">Requests that could begin now.</param>
    /// <param name="may">Whether a request could begin now, or has nothing to wait for. Called under the gate, of requests that wait.</param>
    public AdmissionQueue(TimeProvider time, Func<int> room, Func<object, bool> may)
    {
        _time = time;
        _room = room;
        _may = waiter => may(waiter.Request!);
        _drain = new DrainRate(time);
    }

    /// <summary>Whether anybody waits, or was told that it may begin and has not done so yet: who comes now stands behind them.</summary>
    public bool IsWaited => Volatile.Read(ref _waiting) != 0;

    /// <summary>How much may wait. What waits already stays when it is lowered.</summary>
    public QueueLimits Limits
    {
        get => Volatile.Read(ref _limits);
        set => Volatile.Write(ref _limits, value);
    }

    /// <summary>Requests of a band that wait.</summary>
    public int CountOf(PriorityBand band)
    {
        lock (_gate)
        {
            return _lines.CountOf(band);
        }
    }

    /// <summary>Bytes of bodies that are held by those that wait.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _lines.Bytes;
            }
        }
    }

    /// <summary>Requests a second that leave to be served.</summary>
    public double DrainPerSecond
    {
        get
        {
            lock (_gate)
            {
                return _drain.PerSecond();
            }
        }
    }

    /// <summary>Requests that were told that they may begin and have not tried yet.</summary>
    public int Granted
    {
        get
        {
            lock (_gate)
            {
                return _granted;
            }
        }
    }

    /// <summary>Sends somebody away who found the queue full or waited in vain: seconds after which it may come again, 1 to 60.</summary>
    public int SendAway()
    {
        lock (_gate)
        {
            return _drain.SendAway(_lines.Count);
        }
    }

    /// <summary>Takes a place in the queue; null when there is none. Give it back with <see cref="Return"/>.</summary>
    public Waiter? TryEnter(in WaitTicket ticket, object request)
    {
        Waiter waiter;
        lock (_gate)
        {
            if (_isClosed || !MakeRoom(ticket))
            {
                return null;
            }

            waiter = _idle.TryPop(out var idle) ? idle : new Waiter(this);
            waiter.Ticket = ticket;
            waiter.Request = request;
            waiter.Order = ++_order;
            _lines.Add(waiter);

            // A full fence: whoever makes room after this sees that somebody waits, and what was free before is seen by the look below.
            Interlocked.Increment(ref _waiting);
            _drain.Waits(true);
        }

        Look();
        return waiter;
    }

    /// <summary>It was granted and could not begin: it stands in its old place again.</summary>
    public void ComeAgain(Waiter waiter)
    {
        lock (_gate)
        {
            waiter.Renew();
            _granted--;
            _lines.PutBack(waiter);
            if (_isClosed)
            {
                End(waiter, WaitEnd.Left);
            }
        }

        Look();
    }

    /// <summary>It was granted and has begun, or will not.</summary>
    /// <param name="waiter">Who.</param>
    /// <param name="hasBegun">Whether it was served.</param>
    public void Done(Waiter waiter, bool hasBegun)
    {
        lock (_gate)
        {
            _granted--;
            if (hasBegun)
            {
                _drain.Add();
            }
            else
            {
                _lines.Correct(waiter.Ticket, -waiter.Ticket.Tokens);
            }

            GoesAway();
        }

        Look();
    }

    /// <summary>Whoever waits goes away, granted or not. It is not used again.</summary>
    public void Abandon(Waiter waiter)
    {
        lock (_gate)
        {
            if (waiter.IsInLine)
            {
                End(waiter, WaitEnd.Left);
                return;
            }
        }

        Done(waiter, hasBegun: false);
    }

    /// <summary>A request that was served cost <paramref name="tokens"/> more than was thought, or less.</summary>
    public void Correct(in WaitTicket ticket, int tokens)
    {
        lock (_gate)
        {
            _lines.Correct(ticket, tokens);
        }
    }

    /// <summary>Takes back what <see cref="TryEnter"/> gave, once its wait is over and nobody calls <see cref="Waiter.Leave"/> any more.</summary>
    public void Return(Waiter waiter)
    {
        lock (_gate)
        {
            waiter.Request = null;
            waiter.Renew();
            if (_idle.Count < Limits.Requests)
            {
                _idle.Push(waiter);
            }
        }
    }

    /// <summary>There may be more room. Called by whoever made it.</summary>
    public void Freed()
    {
        if (IsWaited)
        {
            Look();
        }
    }

    /// <summary>Takes out whose deadline is over, and looks for room nobody told of.</summary>
    public void Sweep()
    {
        if (!IsWaited)
        {
            return;
        }

        lock (_gate)
        {
            var now = _time.GetTimestamp();
            foreach (var waiter in _lines.All())
            {
                if (now >= waiter.Ticket.Deadline)
                {
                    End(waiter, WaitEnd.Expired);
                }
            }
        }

        Look();
    }

    /// <summary>Ends all waits; nobody waits here any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            foreach (var waiter in _lines.All())
            {
                End(waiter, WaitEnd.Left);
            }
        }
    }

    internal void Leave(Waiter waiter)
    {
        lock (_gate)
        {
            if (waiter.IsInLine)
            {
                End(waiter, WaitEnd.Left);
            }
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            while (_lines.Count > 0 && _granted < _room() && _lines.Next(_may) is { } waiter)
            {
                if (_time.GetTimestamp() >= waiter.Ticket.Deadline)
                {
                    _lines.PutBack(waiter);
                    End(waiter, WaitEnd.Expired);
                    continue;
                }

                _granted++;
                waiter.End(WaitEnd.Granted);
            }
        }
    }

    private bool MakeRoom(in WaitTicket ticket)
    {
        var limits = Limits;
        if (limits.Requests == 0 || ticket.Bytes > limits.Bytes)
        {
            return false;
        }

        // Nobody is sent away for a request that finds no room all the same.
        if (_lines.Bytes + ticket.Bytes - _lines.BytesBelow(ticket) > limits.Bytes)
        {
            return false;
        }

        if (_lines.Count >= limits.Requests)
        {
            if (_lines.Victim(ticket, inOwn: true) is not { } victim)
            {
                return false;
            }

            End(victim, WaitEnd.Displaced);
        }

        while (_lines.Bytes + ticket.Bytes > limits.Bytes && _lines.Victim(ticket, inOwn: false) is { } victim)
        {
            End(victim, WaitEnd.Displaced);
        }

        return true;
    }

    private void End(Waiter waiter, WaitEnd end)
    {
        _lines.Remove(waiter);
        GoesAway();
        waiter.End(end);
    }

    private void GoesAway() => _drain.Waits(Interlocked.Decrement(ref _waiting) != 0);
}
