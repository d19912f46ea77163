namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// Weighted rendezvous hashing (Thaler and Ravishankar's highest random weight, with the logarithm of Schindelhauer and Schomaker): every key has a distance
/// of its own to every destination, -ln(u)/weight with u from the hash of both, and belongs to the nearest one. A destination more or less leaves the
/// distances to the others as they are.
/// </summary>
internal sealed class Rendezvous
{
    private readonly ulong[] _places;
    private readonly double[] _shares;
    private readonly bool _even;

    /// <param name="places">Hash of each destination's id.</param>
    /// <param name="weights">Weight of each; the distance to one of weight 0 means nothing.</param>
    public Rendezvous(ReadOnlySpan<ulong> places, ReadOnlySpan<int> weights)
    {
        _places = places.ToArray();
        _shares = new double[weights.Length];
        _even = true;
        var first = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            _shares[i] = 1.0 / weights[i];
            first = first == 0 ? weights[i] : first;
            _even &= weights[i] == 0 || weights[i] == first;
        }
    }

    /// <summary>Distance from a key to destination <paramref name="index"/> if it is below <paramref name="limit"/>, else something not below it.</summary>
    public double Distance(ulong key, int index, double limit)
    {
        var chance = (PlacementHash.Mix(key ^ _places[index]) >> 11) * (1.0 / (1UL << 53));
        if (_even)
        {
            return chance;
        }

        // -ln(1 - x) is at least x, which spares most destinations the logarithm.
        var least = chance * _shares[index];
        return least < limit ? -Math.Log(1 - chance) * _shares[index] : least;
    }
}
