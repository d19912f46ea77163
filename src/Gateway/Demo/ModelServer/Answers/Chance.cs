namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Repeatable chance without state: SplitMix64's finalizer (Steele, Lea, Flood 2014) over a seed and a position.</summary>
internal static class Chance
{
    public static ulong Mix(ulong seed, ulong position)
    {
        var z = seed + (position * 0x9E3779B97F4A7C15UL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>A fraction in [0, 1).</summary>
    public static double Fraction(ulong seed, ulong position) => (Mix(seed, position) >> 11) * (1.0 / (1UL << 53));
}
