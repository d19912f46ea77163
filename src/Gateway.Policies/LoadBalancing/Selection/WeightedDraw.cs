using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// One of the open destinations by chance. For lists that differ from request to request: turns they shared would lock step, and starve whoever the next list
/// always begins behind.
/// </summary>
internal static class WeightedDraw
{
    /// <param name="destinations">The candidates.</param>
    /// <param name="byWeight">Whether weights count, or all are alike but for their ease.</param>
    /// <param name="chance">Draws.</param>
    /// <returns>An index, or -1 when none is open.</returns>
    public static int Pick(ReadOnlySpan<DestinationLoad> destinations, bool byWeight, Chance chance)
    {
        var total = 0.0;
        foreach (var destination in destinations)
        {
            total += Part(destination, byWeight);
        }

        var (left, picked) = (chance.Next() * total, -1);
        for (var i = 0; i < destinations.Length; i++)
        {
            if (Part(destinations[i], byWeight) is > 0 and var part)
            {
                picked = i;
                left -= part;
                if (left < 0)
                {
                    break;
                }
            }
        }

        return picked;
    }

    private static double Part(DestinationLoad destination, bool byWeight) =>
        !destination.IsOpen ? 0 : byWeight ? destination.EffectiveWeight : destination.Ease;
}
