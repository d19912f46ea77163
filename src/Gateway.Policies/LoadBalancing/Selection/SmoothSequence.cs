using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// nginx's smooth weighted round robin, worked out once for a set of weights: in each cycle every destination has its weight in turns, spread as evenly as
/// they go: never ahead of its share by a whole turn, and seldom behind by more than one. Immutable, for at most 65,536 destinations; a pick takes the next turn of a cycle that all picks share.
/// </summary>
internal sealed class SmoothSequence
{
    /// <summary>Most turns of a cycle, unless there are so many destinations that it would leave them fewer than <see cref="Fineness"/> each.</summary>
    public const int MostTurns = 4096;

    /// <summary>Turns a destination may have on average however many there are.</summary>
    public const int Fineness = 4;

    private readonly ushort[] _cycle;

    /// <summary>
    /// Weights are divided by what divides them all. If that leaves a cycle too long they are scaled down to fit, by largest remainder: a share is off by less
    /// than one turn of the cycle, save that a weight too small for a turn of its own has one nevertheless, at the cost of the others.
    /// </summary>
    /// <param name="weights">One for each destination, 0 to <see cref="DestinationLoad.MaxWeight"/>; 0 has no turn.</param>
    public SmoothSequence(ReadOnlySpan<int> weights)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weights.Length, ushort.MaxValue + 1, nameof(weights));
        _cycle = Arrange(Turns(weights));
    }

    /// <summary>Whose turn it is, as indices; empty when all weights are 0.</summary>
    public ReadOnlySpan<ushort> Cycle => _cycle;

    /// <summary>Takes the next turn of an open destination; the others keep their order, and the turns of those that are not open lapse.</summary>
    /// <param name="destinations">As many as there were weights, in the same order.</param>
    /// <param name="turn">Which turn it is; the caller keeps it, also from one sequence to the next.</param>
    /// <returns>An index, or -1 when none is open.</returns>
    public int Next(ReadOnlySpan<DestinationLoad> destinations, ref int turn)
    {
        while (true)
        {
            var seen = Volatile.Read(ref turn);
            var taken = Walk(destinations, seen);
            if (taken < 0 || Interlocked.CompareExchange(ref turn, (taken + 1) % _cycle.Length, seen) == seen)
            {
                return taken < 0 ? -1 : _cycle[taken];
            }
        }
    }

    private int Walk(ReadOnlySpan<DestinationLoad> destinations, int from)
    {
        for (var steps = 0; steps < _cycle.Length; steps++)
        {
            var place = (int)(((uint)from + (uint)steps) % (uint)_cycle.Length);
            if (destinations[_cycle[place]].IsOpen)
            {
                return place;
            }
        }

        return -1;
    }

    private static int[] Turns(ReadOnlySpan<int> weights)
    {
        var turns = weights.ToArray();
        var divisor = turns.Aggregate(0, GreatestDivisor);
        var total = 0L;
        for (var i = 0; i < turns.Length && divisor > 0; i++)
        {
            turns[i] /= divisor;
            total += turns[i];
        }

        var room = Math.Max(MostTurns, Fineness * turns.Count(weight => weight > 0));
        if (total > room)
        {
            Scale(turns, total, room);
        }

        return turns;
    }

    private static int GreatestDivisor(int a, int b) => b == 0 ? a : GreatestDivisor(b, a % b);

    private static void Scale(int[] weights, long total, long room)
    {
        // Whoever is too light for a turn has one; each that takes one makes the turns of the rest dearer, so the lightest come first.
        foreach (var weight in weights.Where(weight => weight > 0).Order().TakeWhile(weight => weight * room < total))
        {
            room--;
            total -= weight;
        }

        var left = room;
        var remainders = new long[weights.Length];
        for (var i = 0; i < weights.Length; i++)
        {
            var (whole, remainder) = Math.DivRem(weights[i] * room, total);
            left -= whole;
            remainders[i] = whole == 0 ? -1 : remainder;
            weights[i] = weights[i] == 0 ? 0 : (int)Math.Max(1, whole);
        }

        foreach (var i in Enumerable.Range(0, weights.Length).OrderByDescending(i => remainders[i]).Take((int)left))
        {
            weights[i]++;
        }
    }

    /// <summary>
    /// Each step gives everyone its turns as credit, and the one with the most pays the whole cycle for the pick. Those with equally many turns take them in
    /// the order they stand in, so only the next of each such group is looked at.
    /// </summary>
    private static ushort[] Arrange(int[] turns)
    {
        var groups = Enumerable.Range(0, turns.Length).Where(i => turns[i] > 0).GroupBy(i => turns[i]).Select(group => new Group(group.Key, [.. group])).ToArray();
        var cycle = new ushort[turns.Sum()];
        for (var step = 0; step < cycle.Length; step++)
        {
            var best = groups[0];
            var most = long.MinValue;
            foreach (var group in groups)
            {
                var credit = ((step + 1L) * group.Turns) - ((long)cycle.Length * group.Round);
                if (credit > most || (credit == most && group.Next < best.Next))
                {
                    (best, most) = (group, credit);
                }
            }

            cycle[step] = (ushort)best.Next;
            best.Picks++;
        }

        return cycle;
    }

    /// <summary>Destinations with equally many turns in the cycle.</summary>
    private sealed class Group(int turns, int[] members)
    {
        public int Turns => turns;

        public int Picks { get; set; }

        public int Round => Picks / members.Length;

        public int Next => members[Picks % members.Length];
    }
}
