using System.Numerics;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// Ring of consistent hashing (Karger et al.): every destination lies on a circle of 64 bits at many points, a key belongs to the first point at or after
/// it. A point is one number, its place in the upper 44 bits and the rank of its destination in the lower 20; ranks follow the hashes of the ids, so the
/// order in which destinations are given makes no difference. The points lie in buckets by their upper bits: a look-up reads one bucket.
/// </summary>
internal sealed class HashRing
{
    /// <summary>
    /// Points of a destination of average weight, up to twice as many: see <see cref="PointsPerWeight"/>. With as many the fullest of 100 destinations has
    /// at most a tenth more keys than the mean whatever the seed; with 1,000 that fails for one seed in ten.
    /// </summary>
    public const int PointsEach = 2000;

    /// <summary>Fewest points.</summary>
    public const int MinPoints = 1024;

    /// <summary>Most points, but each destination has one.</summary>
    public const int MaxPoints = 8 * 1024 * 1024;

    /// <summary>Most destinations.</summary>
    public const int MaxDestinations = 1 << RankBits;

    private const int RankBits = 20;
    private const ulong RankMask = MaxDestinations - 1;
    private const ulong Step = 0x9E3779B97F4A7C15;

    private readonly int[] _order;
    private readonly int[] _starts;
    private readonly ulong[] _points;
    private readonly int _shift;

    /// <param name="places">Hash of each destination's id.</param>
    /// <param name="weights">Weight of each, 0 or more; one of weight 0 has no points.</param>
    public HashRing(ReadOnlySpan<ulong> places, ReadOnlySpan<int> weights)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(places.Length, MaxDestinations);
        var ranked = places.ToArray();
        _order = [.. Enumerable.Range(0, ranked.Length)];
        Array.Sort(ranked, _order);
        var counts = Counts(weights);
        _points = new ulong[counts.Sum()];
        var bits = Math.Max(1, BitOperations.Log2((uint)_points.Length) - 1);
        _shift = 64 - bits;
        _starts = new int[(1 << bits) + 1];
        Scatter(ranked, counts);
    }

    /// <summary>Points on the ring; 0 when no destination has a weight.</summary>
    public int Count => _points.Length;

    /// <summary>Position of the point a key belongs to; the walk goes on at the position after it, and from the last to 0.</summary>
    public int Find(ulong key)
    {
        key &= ~RankMask;
        var position = _starts[(int)(key >> _shift)];
        while (position < _points.Length && _points[position] < key)
        {
            position++;
        }

        return position == _points.Length ? 0 : position;
    }

    /// <summary>Index of the destination whose point is at a position.</summary>
    public int DestinationAt(int position) => _order[(int)(_points[position] & RankMask)];

    /// <summary>
    /// Points for each unit of weight. It goes by powers of two of the average weight, so that a destination more or less hardly ever changes how many
    /// points the others have; where it does, keys move between those as well.
    /// </summary>
    /// <param name="destinations">Destinations that have a weight.</param>
    /// <param name="weight">Sum of their weights.</param>
    public static double PointsPerWeight(int destinations, long weight)
    {
        if (weight == 0)
        {
            return 0;
        }

        var points = (double)PointsEach / (1 << BitOperations.Log2((ulong)(weight / destinations)));
        while (points * weight < MinPoints)
        {
            points *= 2;
        }

        while (points * weight > MaxPoints)
        {
            points /= 2;
        }

        return points;
    }

    private static int[] Counts(ReadOnlySpan<int> weights)
    {
        var (destinations, sum) = (0, 0L);
        foreach (var weight in weights)
        {
            destinations += weight > 0 ? 1 : 0;
            sum += weight;
        }

        var each = PointsPerWeight(destinations, sum);
        var counts = new int[weights.Length];
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] = weights[i] == 0 ? 0 : Math.Max(1, (int)Math.Round(weights[i] * each));
        }

        return counts;
    }

    /// <summary>Sorts by counting: places are as good as random, so every bucket gets about as many.</summary>
    private void Scatter(ulong[] ranked, int[] counts)
    {
        for (var rank = 0; rank < ranked.Length; rank++)
        {
            for (var i = counts[_order[rank]]; i > 0; i--)
            {
                _starts[Bucket(Point(ranked, rank, i))]++;
            }
        }

        for (var bucket = 1; bucket < _starts.Length; bucket++)
        {
            _starts[bucket] += _starts[bucket - 1];
        }

        for (var rank = 0; rank < ranked.Length; rank++)
        {
            for (var i = counts[_order[rank]]; i > 0; i--)
            {
                var point = Point(ranked, rank, i);
                _points[--_starts[Bucket(point)]] = point;
            }
        }

        SortBuckets();
    }

    /// <summary>By insertion: no point is further from where it belongs than its bucket is long.</summary>
    private void SortBuckets()
    {
        for (var i = 1; i < _points.Length; i++)
        {
            var point = _points[i];
            var to = i;
            for (; to > 0 && _points[to - 1] > point; to--)
            {
                _points[to] = _points[to - 1];
            }

            _points[to] = point;
        }
    }

    private static ulong Point(ulong[] ranked, int rank, int number) =>
        (PlacementHash.Mix(ranked[rank] + ((ulong)number * Step)) & ~RankMask) | (uint)rank;

    private int Bucket(ulong point) => (int)(point >> _shift);
}
