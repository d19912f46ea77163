namespace BlazeGateway.Policies.Health;

/// <summary>How much of a cluster may be missing. Destinations an operator took out are not counted as part of it.</summary>
internal static class EjectionLimit
{
    /// <summary>Most destinations that may be ejected of <paramref name="pool"/>: half, and never the last one.</summary>
    public static int Most(int pool) => pool / 2;

    /// <summary>Whether so much is unavailable that the gateway's suspicions are worth less than any answer: more than half.</summary>
    public static bool IsPanic(int pool, int unavailable) => unavailable * 2 > pool;
}
