using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>One after the other. Each turn is taken by exactly one pick, and one that is not open gives its turn to nobody: the next goes on behind it.</summary>
internal static class RoundRobin
{
    /// <param name="destinations">The candidates.</param>
    /// <param name="turn">Whose turn it is; the caller keeps it, also when the candidates change.</param>
    /// <returns>An index, or -1 when none is open.</returns>
    public static int Next(ReadOnlySpan<DestinationLoad> destinations, ref int turn)
    {
        while (true)
        {
            var seen = Volatile.Read(ref turn);
            var picked = Walk(destinations, seen);
            if (picked < 0 || Interlocked.CompareExchange(ref turn, (picked + 1) % destinations.Length, seen) == seen)
            {
                return picked;
            }
        }
    }

    private static int Walk(ReadOnlySpan<DestinationLoad> destinations, int from)
    {
        for (var steps = 0; steps < destinations.Length; steps++)
        {
            var index = (int)(((uint)from + (uint)steps) % (uint)destinations.Length);
            if (destinations[index].IsOpen)
            {
                return index;
            }
        }

        return -1;
    }
}
