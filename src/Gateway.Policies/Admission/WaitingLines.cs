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
    private readonly int[] _counts = new int[PriorityBandNames.Count];
    private readonly SortedSet<Waiter> _waiters = new(Waiter.Earliest);
    private readonly Dictionary<ulong, bool> _asked = [];
    private readonly Func<Waiter, bool> _askOnce;
    private Func<Waiter, bool> _may = static _ => true;

    public WaitingLines() => _askOnce = AskOnce;

    /// <summary>Requests that wait.</summary>
    public int Count => _waiters.Count;

    /// <summary>Bytes of their bodies.</summary>
    public long Bytes { get; private set; }

    /// <summary>The one whose deadline is the next.</summary>
    public Waiter? Earliest => _waiters.Min;

    /// <summary>Every request, by deadline. Not to be changed meanwhile.</summary>
    public IEnumerable<Waiter> All => _waiters;

    /// <summary>Requests of a band that wait; those that wait again are among the band's own.</summary>
    public int CountOf(PriorityBand band) => _counts[(int)band];

    public void Add(Waiter waiter)
    {
        _lines[waiter.Ticket.Line].Add(waiter);
        _waiters.Add(waiter);
        _counts[(int)waiter.Ticket.Band]++;
        waiter.IsInLine = true;
        Bytes += waiter.Ticket.Bytes;
    }

    public void Remove(Waiter waiter)
    {
        var line = waiter.Ticket.Line;
        _lines[line].Remove(waiter);
        _waiters.Remove(waiter);
        _counts[(int)waiter.Ticket.Band]--;
        waiter.IsInLine = false;
        Bytes -= waiter.Ticket.Bytes;
        _passed[line] = _lines[line].Count == 0 ? 0 : _passed[line];
    }

    /// <summary>Takes out whose turn it is among those that <paramref name="may"/> begin, and charges it; null when none may. Each kind is asked once.</summary>
    /// <param name="may">Whether one may begin.</param>
    /// <param name="mayNow">Whether one may whose band was passed over as often as it can be. Default: as <paramref name="may"/>.</param>
    public Waiter? Next(Func<Waiter, bool> may, Func<Waiter, bool>? mayNow = null)
    {
        _asked.Clear();
        _may = may;
        if (Take(Again) is { } again)
        {
            return again;
        }

        Ask(mayNow ?? may);
        for (var line = 1; line < _lines.Length; line++)
        {
            if (_passed[line] >= MostPassed && Take(line) is { } due)
            {
                return due;
            }
        }

        Ask(may);
        for (var line = 1; line < _lines.Length; line++)
        {
            if (Take(line) is { } next)
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
    /// Who makes room for a request with <paramref name="ticket"/> where one place is needed: the newest of the lowest band below its own; else the last of the
    /// client of its own band that has most waiting, if that stays ahead of its own. Null when it is the one to go.
    /// </summary>
    public Waiter? Victim(in WaitTicket ticket)
    {
        for (var line = _lines.Length - 1; line > ticket.Line; line--)
        {
            if (_lines[line].Newest is { } newest)
            {
                return newest;
            }
        }

        return ticket.Line == Again ? null : _lines[ticket.Line].OfLongest(ticket);
    }

    /// <summary>
    /// Who makes room where <paramref name="bytes"/> are needed, beside those that are among <paramref name="victims"/> already: the newest of the bands below, the
    /// lowest first; then those of the clients of its own band that hold most. False when that is not enough.
    /// </summary>
    public bool TryFree(in WaitTicket ticket, long bytes, List<Waiter> victims)
    {
        foreach (var victim in victims)
        {
            bytes -= victim.Ticket.Bytes;
        }

        for (var line = _lines.Length - 1; bytes > 0 && line > ticket.Line; line--)
        {
            bytes = Free(_lines[line].NewestFirst(), bytes, victims);
        }

        return (bytes <= 0 || ticket.Line == Again ? bytes : Free(_lines[ticket.Line].OfLargest(ticket), bytes, victims)) <= 0;
    }

    private static long Free(IEnumerable<Waiter> waiters, long bytes, List<Waiter> victims)
    {
        foreach (var waiter in waiters)
        {
            if (bytes <= 0)
            {
                break;
            }

            // One that holds nothing would go in vain.
            if (waiter.Ticket.Bytes > 0 && !victims.Contains(waiter))
            {
                victims.Add(waiter);
                bytes -= waiter.Ticket.Bytes;
            }
        }

        return bytes;
    }

    private Waiter? Take(int line)
    {
        if (_lines[line].Count == 0 || _lines[line].First(_askOnce) is not { } waiter)
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

    private void Ask(Func<Waiter, bool> may)
    {
        if (_may != may)
        {
            _may = may;
            _asked.Clear();
        }
    }

    private bool AskOnce(Waiter waiter)
    {
        if (!_asked.TryGetValue(waiter.Ticket.Kind, out var may))
        {
            _asked.Add(waiter.Ticket.Kind, may = _may(waiter));
        }

        return may;
    }
}
