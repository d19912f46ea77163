using System.Runtime.InteropServices;
using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Admission;

/// <summary>
/// The bounded queue of one cluster, in front of the pick. Whoever is told <see cref="WaitEnd.Granted"/> tries to begin and says how that went; no more are
/// told at once than there are free places for their kind, so that nobody is woken for nothing and whose turn it is stays exact. While nobody waits a request pays one read
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
    private readonly Func<Waiter, bool> _mayNow;
    private readonly Func<Waiter, bool> _isVain;
    private readonly List<Waiter> _victims = [];
    private readonly Dictionary<ulong, int> _grantedOf = [];
    private readonly DrainRate _drain;
    private QueueLimits _limits = new(0, 0);
    private int _waiting;
    private int _granted;
    private long _order;
    private bool _isClosed;
    private bool _isCriticalShort;

    /// <param name="time">Clock that deadlines are timestamps of.</param>
    /// <param name="room">Requests that could begin now.</param>
    /// <param name="outlook">What a request may hope for. Called under the gate, of requests that wait and of those that come while others do.</param>
    public AdmissionQueue(TimeProvider time, Func<int> room, Func<object, Outlook> outlook)
    {
        _time = time;
        _room = room;

        // What is kept is kept from all kinds together: whoever was let in before and has not begun yet may take any of the places.
        _may = waiter => outlook(waiter.Request!) is var seen && (seen.Kept > 0 ? _granted < seen.Places - seen.Kept : May(waiter, seen));
        _mayNow = waiter => _isCriticalShort ? May(waiter, outlook(waiter.Request!)) : _may(waiter);
        _isVain = waiter => outlook(waiter.Request!).IsVain;
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
    /// <param name="client">Whose request it is.</param>
    public int SendAway(ulong client)
    {
        lock (_gate)
        {
            return _drain.SendAway(client, _lines.Count);
        }
    }

    /// <summary>
    /// Takes a place in the queue; null when there is none. Who finds none but could begin at once, because those that wait wait for other destinations, is
    /// granted without one. Give it back with <see cref="Return"/>.
    /// </summary>
    /// <param name="ticket">What it waits with.</param>
    /// <param name="request">Whose it is.</param>
    /// <param name="mayWait">Whether it may take a place.</param>
    public Waiter? TryEnter(in WaitTicket ticket, object request, bool mayWait = true)
    {
        lock (_gate)
        {
            if (_isClosed || Limits.Requests == 0)
            {
                return null;
            }

            var waiter = _idle.TryPop(out var idle) ? idle : new Waiter(this);
            waiter.Ticket = ticket;
            waiter.Request = request;
            waiter.Order = ++_order;
            waiter.IsGuest = false;
            if (!(mayWait && Fits(ticket)))
            {
                LetIn();
                if (_granted < _room() && _may(waiter))
                {
                    waiter.IsGuest = true;
                    Interlocked.Increment(ref _waiting);
                    _drain.Waits(true);
                    _lines.Correct(ticket, ticket.Tokens);
                    Grant(waiter);
                    return waiter;
                }

                if (!mayWait || !MakeRoom(ticket))
                {
                    waiter.Request = null;
                    _idle.Push(waiter);
                    return null;
                }
            }

            _lines.Add(waiter);

            // A full fence: whoever makes room after this sees that somebody waits, and what was free before is seen by the look below.
            Interlocked.Increment(ref _waiting);
            _drain.Waits(true);
            LetIn();
            return waiter;
        }
    }

    /// <summary>It was granted and could not begin: it stands in its old place again.</summary>
    public void ComeAgain(Waiter waiter)
    {
        lock (_gate)
        {
            waiter.Renew();
            TakeBack(waiter);
            var fits = !waiter.IsGuest || Fits(waiter.Ticket);
            _lines.PutBack(waiter);
            if (_isClosed)
            {
                End(waiter, WaitEnd.Left);
            }
            else if (!fits)
            {
                End(waiter, WaitEnd.Displaced);
            }

            waiter.IsGuest = false;
            LetIn();
        }
    }

    /// <summary>It was granted and has begun, or will not.</summary>
    /// <param name="waiter">Who.</param>
    /// <param name="hasBegun">Whether it was served.</param>
    public void Done(Waiter waiter, bool hasBegun)
    {
        lock (_gate)
        {
            TakeBack(waiter);
            if (hasBegun)
            {
                _drain.Add();
            }
            else
            {
                _lines.Correct(waiter.Ticket, -waiter.Ticket.Tokens);
            }

            GoesAway();
            LetIn();
        }
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

    /// <summary>Takes out whose deadline is over, tells those that nobody would take any more, and looks for room nobody told of.</summary>
    public void Sweep()
    {
        if (!IsWaited)
        {
            return;
        }

        lock (_gate)
        {
            var now = _time.GetTimestamp();
            while (_lines.Earliest is { } waiter && now >= waiter.Ticket.Deadline)
            {
                End(waiter, WaitEnd.Expired);
            }

            // They try, find out why, and say so; that takes no place.
            while (_lines.Next(_isVain) is { } waiter)
            {
                Grant(waiter);
            }

            LetIn();
        }
    }

    /// <summary>Ends all waits; nobody waits here any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            while (_lines.Earliest is { } waiter)
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
            LetIn();
        }
    }

    private void LetIn()
    {
        while (_lines.Count > 0 && _granted < _room() && _lines.Next(_may, _mayNow) is { } waiter)
        {
            if (_time.GetTimestamp() >= waiter.Ticket.Deadline)
            {
                _lines.PutBack(waiter);
                End(waiter, WaitEnd.Expired);
                continue;
            }

            Grant(waiter);
        }

        // Of those that came just now and found a place none waits: where critical ones wait after all, what is kept for them is not kept from who is due.
        _isCriticalShort = _lines.CountOf(PriorityBand.Critical) > 0;
    }

    private bool May(Waiter waiter, Outlook seen) => seen.IsVain || _grantedOf.GetValueOrDefault(waiter.Ticket.Kind) < seen.Places;

    private void Grant(Waiter waiter)
    {
        _granted++;
        CollectionsMarshal.GetValueRefOrAddDefault(_grantedOf, waiter.Ticket.Kind, out _)++;
        waiter.End(WaitEnd.Granted);
    }

    /// <summary>One that was granted has tried.</summary>
    private void TakeBack(Waiter waiter)
    {
        _granted--;
        if (--CollectionsMarshal.GetValueRefOrAddDefault(_grantedOf, waiter.Ticket.Kind, out _) == 0)
        {
            _grantedOf.Remove(waiter.Ticket.Kind);
        }
    }

    private bool Fits(in WaitTicket ticket)
    {
        var limits = Limits;
        return _lines.Count < limits.Requests && _lines.Bytes + ticket.Bytes <= limits.Bytes;
    }

    /// <summary>Sends others away for a request that does not fit; nobody when it would not fit all the same.</summary>
    private bool MakeRoom(in WaitTicket ticket)
    {
        var limits = Limits;
        _victims.Clear();
        if (ticket.Bytes > limits.Bytes)
        {
            return false;
        }

        if (_lines.Count >= limits.Requests)
        {
            if (_lines.Victim(ticket) is not { } victim)
            {
                return false;
            }

            _victims.Add(victim);
        }

        if (!_lines.TryFree(ticket, _lines.Bytes + ticket.Bytes - limits.Bytes, _victims))
        {
            return false;
        }

        foreach (var victim in _victims)
        {
            End(victim, WaitEnd.Displaced);
        }

        _victims.Clear();
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
