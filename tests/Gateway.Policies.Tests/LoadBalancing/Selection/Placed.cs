using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

/// <summary>Destinations, which of them are candidates, and where their keys lie.</summary>
internal sealed class Placed
{
    private readonly ulong[] _candidates;

    public Placed(IEnumerable<(string Id, int Weight)> destinations, double bound = HashPlacement.DefaultBound, long seed = 1)
    {
        Loads = [.. destinations.Select(d => new DestinationLoad(d.Id) { Weight = d.Weight })];
        Hash = new PlacementHash(seed);
        Placement = new HashPlacement(Loads, Hash, bound);
        _candidates = new ulong[Placement.Words];
        for (var i = 0; i < Loads.Length; i++)
        {
            Set(i, true);
        }
    }

    public DestinationLoad[] Loads { get; }

    public PlacementHash Hash { get; }

    public HashPlacement Placement { get; }

    public ReadOnlySpan<ulong> Candidates => _candidates;

    public static Placed Even(int count, double bound = HashPlacement.DefaultBound, long seed = 1) =>
        new(Enumerable.Range(0, count).Select(i => ($"server-{i}", 1)), bound, seed);

    public void Set(int index, bool candidate) =>
        _candidates[index >> 6] = candidate ? _candidates[index >> 6] | (1UL << index) : _candidates[index >> 6] & ~(1UL << index);

    public ulong Key(int number) => Hash.Compute($"session-{number}");

    public int Pick(ulong key) => Placement.Pick(key, Loads, Candidates);

    /// <summary>Where so many keys would go now, one at a time.</summary>
    public int[] Picks(int keys)
    {
        var totals = Placement.Sum(Loads, Candidates);
        return [.. Enumerable.Range(0, keys).Select(number => Placement.Pick(Key(number), Loads, Candidates, totals))];
    }

    public string IdFor(int number) => Loads[Pick(Key(number))].Id;

    /// <summary>Keys of each destination.</summary>
    public int[] Counts(int keys)
    {
        var counts = new int[Loads.Length];
        foreach (var index in Picks(keys))
        {
            counts[index]++;
        }

        return counts;
    }
}
