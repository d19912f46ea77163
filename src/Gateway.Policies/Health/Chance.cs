namespace BlazeGateway.Policies.Health;

/// <summary>Seeded chance for the pick: no lock, no allocation, the same numbers for the same seed.</summary>
internal sealed class Chance(int seed)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = (ulong)seed;

    /// <summary>A number from 0 to below 1.</summary>
    public double Next()
    {
        // SplitMix64: a counter, and a mix of it.
        var z = Interlocked.Add(ref _state, Step);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
