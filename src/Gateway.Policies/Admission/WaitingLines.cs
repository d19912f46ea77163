using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Admission;

/// <summary>
/// All that wait for one cluster, by whose turn it is: first those that were served before and failed, then by band. A higher band goes first, but none waits
/// for more than <see cref="MostPassed"/> of others in a row, so that each has a twentieth of what is served while it waits. Maths alone: no clock, no lock.
/// </summary>
internal sealed class WaitingLines
{
    /// <summary>Requests of other bands that are served in a row while a band waits. Two bands may be due at once, so it is one less than for a twentieth.</summary>
    public const int MostPassed = 18;

    private const int Again = 0;

    private readonly BandLine[] _lines = [.. Enumerable.Range(0, 1 + PriorityBandNames.Count).Select(static _ => new BandLine())];
    private readonly int[] _passed = new int[1 + PriorityBandNames.Count];

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of their bodies.</summary>
    public long Bytes { get; private set; }

    /// <summary>Requests of a band that wait; those that wait again are among the band's own.</summary>
    public int CountOf(PriorityBand band) => _lines[1 + (int)band].Count + (_lines[Again].Count == 0 ? 0 : _lines[Again].All().Count(waiter => waiter.Ticket.Band == band));

    public void Add(Waiter waiter)
    {
        _lines[waiter.Ticket.Line].Add(waiter);
        waiter.IsInLine = true;
        Count++;
        Bytes += waiter.Ticket.Bytes;
    }

    public void Remove(Waiter waiter)
    {
        var line = waiter.Ticket.Line;
        _lines[line].Remove(waiter);
        waiter.IsInLine = false;
        Count--;
        Bytes -= waiter.Ticket.Bytes;
        _passed[line] = _lines[line].Count == 0 ? 0 : _passed[line];
    }

    /// <summary>Takes out whose turn it is among those that <paramref name="may"/> begin, and charges it; null when none may.</summary>
    public Waiter? Next(Func<Waiter, bool> may)
    {
        for (var line = 1; line < _lines.Length; line++)
        {
            if (_lines[Again].Count == 0 && _passed[line] >= MostPassed && Take(line, may) is { } due)
            {
                return due;
            }
        }

        for (var line = 0; line < _lines.Length; line++)
        {
            if (_lines[line].Count > 0 && Take(line, may) is { } next)
            {
                return next;
            }
        }

        return null;
    }

    /// <summary>Puts one back that was taken out by <see cref="Next"/> and could not begin: in its place, and not charged.</summary>
    public void PutBack(Waiter waiter)
    {
        Correct(waiter.Ticket, -waiter.Ticket.Tokens);
        Add(waiter);
    }

    /// <summary>A request that was taken out cost <paramref name="tokens"/> more than it was charged, or less.</summary>
    public void Correct(in WaitTicket ticket, int tokens) => _lines[ticket.Line].Correct(ticket, tokens);

    /// <summary>
    /// Who makes room for a request with <paramref name="ticket"/>: the newest of the lowest band below its own; else, when <paramref name="inOwn"/>, the newest of the
    /// client of its own band that has most waiting, if that stays ahead of its own. Null when it is the one to go.
    /// </summary>
    public Waiter? Victim(in WaitTicket ticket, bool inOwn)
    {
        for (var line = _lines.Length - 1; line > ticket.Line; line--)
        {
            if (_lines[line].Count > 0)
            {
                return _lines[line].Newest();
            }
        }

        return inOwn && ticket.Line != Again ? _lines[ticket.Line].OfLongest(ticket) : null;
    }

    /// <summary>Bytes held by bands below that of <paramref name="ticket"/>.</summary>
    public long BytesBelow(in WaitTicket ticket)
    {
        var bytes = 0L;
        for (var line = ticket.Line + 1; line < _lines.Length; line++)
        {
            bytes += _lines[line].Bytes;
        }

        return bytes;
    }

    /// <summary>Every request, in no order; a list of its own.</summary>
    public List<Waiter> All() => [.. _lines.SelectMany(static line => line.All())];

    private Waiter? Take(int line, Func<Waiter, bool> may)
    {
        if (_lines[line].First(may) is not { } waiter)
        {
            return null;
        }

        _lines[line].Serve(waiter.Ticket);
        Remove(waiter);
        _passed[line] = 0;
        for (var other = 1; other < _lines.Length; other++)
        {
            _passed[other] += other != line && _lines[other].Count > 0 ? 1 : 0;
        }

        return waiter;
    }
}
