using System.Numerics;
using System.Runtime.InteropServices;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam): a key always goes to the same destination, and on to the next in an order of its
/// own while that one is away or has more than its share. The order is that of all configured destinations, so keys of living destinations never move, and
/// those of one that was away come home. Up to <see cref="MaxNear"/> destinations lie by <see cref="Rendezvous"/>, more on a <see cref="HashRing"/>.
/// </summary>
internal sealed class HashPlacement
{
    /// <summary>Most destinations that are placed without a ring.</summary>
    public const int MaxNear = 32;

    /// <summary>What a destination may have at most, as a multiple of its share of the requests in flight.</summary>
    public const double DefaultBound = 1.25;

    /// <summary>
    /// Points to walk before all candidates are compared instead: with nine of ten points away or at the bound, one pick in a million gets that far.
    /// </summary>
    private const int MaxSteps = 128;

    private readonly int _count;
    private readonly double _bound;
    private readonly ulong[] _takers;
    private readonly Rendezvous _near;
    private readonly HashRing? _ring;

    /// <param name="all">Every configured destination of the cluster, with the weight it has now; no two with the same id.</param>
    /// <param name="hash">Hash of the keys, which also places the destinations.</param>
    /// <param name="bound">Multiple of its share that a destination may have, 1 or more; infinity for no bound.</param>
    public HashPlacement(ReadOnlySpan<DestinationLoad> all, PlacementHash hash, double bound = DefaultBound)
    {
        if (!(bound >= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(bound), bound, "The bound is a multiple of a destination's share: 1 or more.");
        }

        _count = all.Length;
        _bound = bound;
        _takers = new ulong[Words];
        var places = new ulong[_count];
        var weights = new int[_count];
        for (var i = 0; i < _count; i++)
        {
            places[i] = hash.Compute(all[i].Id);
            weights[i] = all[i].Weight;
            ArgumentOutOfRangeException.ThrowIfNegative(weights[i], nameof(all));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(weights[i], DestinationLoad.MaxWeight, nameof(all));
            _takers[i >> 6] |= weights[i] > 0 ? 1UL << i : 0;
        }

        _near = new Rendezvous(places, weights);
        _ring = _count > MaxNear ? new HashRing(places, weights) : null;
    }

    /// <summary>Words of 64 bits that a set of candidates has.</summary>
    public int Words => (_count + 63) >> 6;

    /// <summary>Index of the destination for a key; -1 when no candidate is open.</summary>
    /// <param name="key">Hash of the key.</param>
    /// <param name="all">The destinations this was built of, in the same order.</param>
    /// <param name="candidates">Which of them may be picked: bit i % 64 of word i / 64 is destination i.</param>
    /// <param name="known">
    /// Totals, perhaps a little old; without them they are summed up, which takes a nanosecond or two for each candidate. Up to <see cref="MaxNear"/>
    /// destinations they are always summed up: all are looked at anyway.
    /// </param>
    public int Pick(ulong key, ReadOnlySpan<DestinationLoad> all, ReadOnlySpan<ulong> candidates, HashTotals? known = null)
    {
        Check(all, candidates);
        if (_ring is null)
        {
            return PickNear(key, all, candidates);
        }

        return Walk(_ring, key, all, candidates, new Limit(_bound, known ?? Sum(all, candidates)));
    }

    /// <summary>Index of the candidate where a key belongs, whatever is to do there; -1 when none has a weight. Looks at every candidate.</summary>
    /// <param name="key">Hash of the key.</param>
    /// <param name="all">The destinations this was built of, in the same order.</param>
    /// <param name="candidates">Which of them may be picked.</param>
    public int Home(ulong key, ReadOnlySpan<DestinationLoad> all, ReadOnlySpan<ulong> candidates)
    {
        Check(all, candidates);
        for (var (position, steps) = (_ring?.Find(key) ?? 0, 0); _ring is { } ring && steps < ring.Count; position = position + 1 == ring.Count ? 0 : position + 1, steps++)
        {
            var index = ring.DestinationAt(position);
            if ((candidates[index >> 6] & (1UL << index)) != 0)
            {
                return index;
            }
        }

        var (home, toHome) = (-1, double.PositiveInfinity);
        for (var bits = _ring is null && _takers.Length > 0 ? candidates[0] & _takers[0] : 0; bits != 0; bits &= bits - 1)
        {
            var index = BitOperations.TrailingZeroCount(bits);
            var distance = _near.Distance(key, index, toHome);
            (home, toHome) = distance < toHome ? (index, distance) : (home, toHome);
        }

        return home;
    }

    /// <summary>Totals of the open candidates.</summary>
    public HashTotals Sum(ReadOnlySpan<DestinationLoad> all, ReadOnlySpan<ulong> candidates)
    {
        Check(all, candidates);
        var (inFlight, weight) = (0L, 0L);
        for (var word = 0; word < _takers.Length; word++)
        {
            for (var bits = candidates[word] & _takers[word]; bits != 0; bits &= bits - 1)
            {
                var load = all[(word << 6) + BitOperations.TrailingZeroCount(bits)];
                if (load.IsOpen)
                {
                    inFlight += load.InFlight;
                    weight += load.Weight;
                }
            }
        }

        return new HashTotals(inFlight, weight);
    }

    /// <summary>Reads every candidate once as long as the nearest has room.</summary>
    private int PickNear(ulong key, ReadOnlySpan<DestinationLoad> all, ReadOnlySpan<ulong> candidates)
    {
        if (_takers.Length == 0)
        {
            return -1;
        }

        var (inFlight, weight) = (0L, 0L);
        var (home, toHome) = (-1, double.PositiveInfinity);
        for (var bits = candidates[0] & _takers[0]; bits != 0; bits &= bits - 1)
        {
            var index = BitOperations.TrailingZeroCount(bits);
            var load = all[index];
            if (!load.IsOpen)
            {
                continue;
            }

            inFlight += load.InFlight;
            weight += load.Weight;
            var distance = _near.Distance(key, index, toHome);
            if (distance < toHome)
            {
                (home, toHome) = (index, distance);
            }
        }

        var limit = new Limit(_bound, new HashTotals(inFlight, weight));
        return home < 0 || limit.Allows(all[home]) ? home : Nearest(key, all, candidates, limit, home);
    }

    private int Walk(HashRing ring, ulong key, ReadOnlySpan<DestinationLoad> all, ReadOnlySpan<ulong> candidates, Limit limit)
    {
        var first = -1;
        if (ring.Count == 0)
        {
            return first;
        }

        var position = ring.Find(key);
        for (var steps = 0; steps < MaxSteps; steps++)
        {
            var index = ring.DestinationAt(position);
            if ((candidates[index >> 6] & (1UL << index)) != 0 && all[index].IsOpen)
            {
                if (limit.Allows(all[index]))
                {
                    return index;
                }

                first = first < 0 ? index : first;
            }

            position = position + 1 == ring.Count ? 0 : position + 1;
        }

        return Nearest(key, all, candidates, limit, first);
    }

    /// <summary>The nearest candidate within the limit; else <paramref name="first"/>, and without that the nearest that is open.</summary>
    private int Nearest(ulong key, ReadOnlySpan<DestinationLoad> all, ReadOnlySpan<ulong> candidates, Limit limit, int first)
    {
        var (open, toOpen) = (-1, double.PositiveInfinity);
        var (best, toBest) = (-1, double.PositiveInfinity);
        for (var word = 0; word < _takers.Length; word++)
        {
            for (var bits = candidates[word] & _takers[word]; bits != 0; bits &= bits - 1)
            {
                var index = (word << 6) + BitOperations.TrailingZeroCount(bits);
                var distance = _near.Distance(key, index, toBest);
                if (distance >= toBest || !all[index].IsOpen)
                {
                    continue;
                }

                if (limit.Allows(all[index]))
                {
                    (best, toBest) = (index, distance);
                }
                else if (distance < toOpen)
                {
                    (open, toOpen) = (index, distance);
                }
            }
        }

        return best >= 0 ? best : first >= 0 ? first : open;
    }

    private void Check(ReadOnlySpan<DestinationLoad> all, ReadOnlySpan<ulong> candidates)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(all.Length, _count);
        ArgumentOutOfRangeException.ThrowIfLessThan(candidates.Length, _takers.Length);
    }

    /// <summary>A destination has room while requests + 1 is at most ceil(bound (total + 1) weight / sum of weights); without division it is exact.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly struct Limit(double bound, HashTotals totals)
    {
        private readonly double _allowed = bound * (totals.InFlight + 1);
        private readonly double _weight = totals.Weight;

        public bool Allows(DestinationLoad load) => load.InFlight * _weight < _allowed * load.Weight;
    }
}
