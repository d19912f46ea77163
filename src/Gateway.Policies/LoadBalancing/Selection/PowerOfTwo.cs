using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// Draws two different open destinations and picks the one with less to do (Mitzenmacher's power of two choices), in the same time however many there are.
/// Never the same one twice: of two equal destinations the busier is never picked.
/// </summary>
/// <remarks>
/// Weights say how often each is drawn. Were the one with the lower (in flight + 1) / weight of the two picked, the weight would count twice: among idle
/// destinations the heavier of any two always wins, and of weights 5, 3, 1 the last gets nothing at all. So the first drawn stays, unless the second would with
/// this request have no more to do for its weight than the first has without it. Among equals that is the usual rule, with ties to the first, which is as random
/// as the draw. Idle destinations get exactly their weights' shares, and busy ones come to in-flight requests in proportion to their weights.
/// </remarks>
internal static class PowerOfTwo
{
    private const int MostDraws = 16;

    /// <param name="destinations">The candidates.</param>
    /// <param name="weights">What they are drawn by, built from the same candidates.</param>
    /// <param name="chance">Draws them.</param>
    /// <returns>An index, or -1 when none is open.</returns>
    public static int Pick(ReadOnlySpan<DestinationLoad> destinations, AliasTable weights, Chance chance)
    {
        if (destinations.Length < 2)
        {
            return destinations.Length == 1 && destinations[0].IsOpen ? 0 : -1;
        }

        var draws = MostDraws;
        var first = Draw(destinations, weights, chance, -1, ref draws);
        if (first >= 0 && destinations.Length == 2)
        {
            return Lesser(destinations, first, 1 - first);
        }

        var second = Draw(destinations, weights, chance, first, ref draws);
        return second < 0 ? LeastScan.Connections(destinations, chance) : Lesser(destinations, first, second);
    }

    /// <summary>The same by the time to the first chunk: of two drawn by their weights the one with less of <see cref="LeastScan.WaitFor"/>.</summary>
    /// <param name="destinations">The candidates, two at least.</param>
    /// <param name="weights">What they are drawn by, built from the same candidates.</param>
    /// <param name="model">Whose times count; 0 for requests without one.</param>
    /// <param name="now">Time since the moment <see cref="DestinationLoad.Times"/> go by.</param>
    /// <param name="chance">Draws them.</param>
    /// <returns>An index, or -1 when none is open.</returns>
    public static int ResponseTime(ReadOnlySpan<DestinationLoad> destinations, AliasTable weights, ulong model, TimeSpan now, Chance chance)
    {
        var draws = MostDraws;
        var first = Draw(destinations, weights, chance, -1, ref draws);
        var second = Draw(destinations, weights, chance, first, ref draws);
        return second < 0 ? LeastScan.ResponseTime(destinations, model, now, chance)
            : LeastScan.WaitFor(destinations[second], model, now) < LeastScan.WaitFor(destinations[first], model, now) ? second : first;
    }

    /// <summary>The same by what servers say they have to do, as <see cref="LeastScan.Load"/> does.</summary>
    /// <param name="destinations">The candidates, two at least.</param>
    /// <param name="weights">What they are drawn by, built from the same candidates.</param>
    /// <param name="now">Time since the moment <see cref="DestinationLoad.Reported"/> goes by.</param>
    /// <param name="chance">Draws them.</param>
    /// <returns>An index, or -1 when none is open.</returns>
    public static int Load(ReadOnlySpan<DestinationLoad> destinations, AliasTable weights, TimeSpan now, Chance chance)
    {
        var draws = MostDraws;
        var first = Draw(destinations, weights, chance, -1, ref draws);
        var second = Draw(destinations, weights, chance, first, ref draws);
        if (second < 0)
        {
            return LeastScan.Load(destinations, now, chance);
        }

        var (one, other) = (destinations[first], destinations[second]);
        return ServerLoad.Of(other, now).WithOneMore * one.EffectiveWeight <= ServerLoad.Of(one, now).Without * other.EffectiveWeight ? second : first;
    }

    private static int Draw(ReadOnlySpan<DestinationLoad> destinations, AliasTable weights, Chance chance, int taken, ref int draws)
    {
        while (draws-- > 0)
        {
            var drawn = weights.Draw(chance);
            if (drawn != taken && destinations[drawn] is { IsOpen: true } destination && (destination.Ease >= 1 || chance.Next() < destination.Ease))
            {
                return drawn;
            }
        }

        return -1;
    }

    private static int Lesser(ReadOnlySpan<DestinationLoad> destinations, int first, int second)
    {
        var (one, other) = (destinations[first], destinations[second]);
        return other.IsOpen && (other.InFlight + 1) * one.EffectiveWeight <= one.InFlight * other.EffectiveWeight ? second : first;
    }
}
