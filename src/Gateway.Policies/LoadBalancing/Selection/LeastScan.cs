using System.Runtime.InteropServices;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// Looks at every destination and picks the open one that costs least; of several that cost exactly the same each is as likely (Envoy's full scan).
/// Time grows with the number of destinations: above <see cref="MostDestinations"/> use <see cref="PowerOfTwo"/>.
/// </summary>
internal static class LeastScan
{
    /// <summary>Most destinations a pick should look at one by one.</summary>
    public const int MostDestinations = 64;

    private interface ICost
    {
        double Of(DestinationLoad destination);
    }

    /// <summary>Least requests in flight, this one included, for its weight.</summary>
    /// <returns>An index, or -1 when none is open.</returns>
    public static int Connections(ReadOnlySpan<DestinationLoad> destinations, Chance chance) => Pick(destinations, default(Crowd), chance);

    /// <summary>Least time to the first chunk times requests in flight, this one included, for its weight (Finagle's peak EWMA balancer).</summary>
    /// <param name="destinations">The candidates.</param>
    /// <param name="model">Whose times count; 0 for requests without one.</param>
    /// <param name="now">Time since the moment <see cref="DestinationLoad.Times"/> go by.</param>
    /// <param name="chance">Decides between equals.</param>
    /// <returns>An index, or -1 when none is open.</returns>
    public static int ResponseTime(ReadOnlySpan<DestinationLoad> destinations, ulong model, TimeSpan now, Chance chance) => Pick(destinations, new Wait(model, now), chance);

    /// <summary>Least of what the servers say they have to do, this request included, for its weight; where one says nothing, of what is in flight.</summary>
    /// <param name="destinations">The candidates.</param>
    /// <param name="now">Time since the moment <see cref="DestinationLoad.Reported"/> goes by.</param>
    /// <param name="chance">Decides between equals.</param>
    /// <returns>An index, or -1 when none is open.</returns>
    public static int Load(ReadOnlySpan<DestinationLoad> destinations, TimeSpan now, Chance chance) => Pick(destinations, new Burden(now), chance);

    /// <summary>Seconds until one more request would have its first chunk, if those in flight come before it: what destinations of equal weight are compared by.</summary>
    public static double WaitFor(DestinationLoad destination, ulong model, TimeSpan now) => Wait.Unweighted(destination, model, now);

    /// <summary>The index of the least of <paramref name="costs"/>; of several below <paramref name="alike"/> times it one by chance. −1 when all are infinite.</summary>
    public static int OfCosts(ReadOnlySpan<double> costs, double alike, Chance chance)
    {
        var least = double.PositiveInfinity;
        foreach (var cost in costs)
        {
            least = Math.Min(least, cost);
        }

        var (picked, ties, luck) = (-1, 0, 0UL);
        for (var i = 0; i < costs.Length && !double.IsPositiveInfinity(least); i++)
        {
            if (costs[i] <= least * alike)
            {
                luck = ((ties == 1 ? (ulong)(chance.Next() * (1UL << 53)) : luck) * 6364136223846793005) + 1442695040888963407;
                picked = ties++ == 0 || ((luck >> 32) * (ulong)ties) >> 32 == 0 ? i : picked;
            }
        }

        return picked;
    }

    private static int Pick<TCost>(ReadOnlySpan<DestinationLoad> destinations, TCost cost, Chance chance)
        where TCost : struct, ICost
    {
        var (picked, least, ties, luck) = (-1, double.PositiveInfinity, 0, 0UL);
        for (var i = 0; i < destinations.Length; i++)
        {
            if (!destinations[i].IsOpen)
            {
                continue;
            }

            var its = cost.Of(destinations[i]);
            if (its < least || picked < 0)
            {
                (picked, least, ties) = (i, its, 1);
            }
            else if (its == least)
            {
                // A reservoir: one draw starts a sequence of its own (Knuth's MMIX), for a draw at each tie is a write that all cores share.
                luck = ((ties == 1 ? (ulong)(chance.Next() * (1UL << 53)) : luck) * 6364136223846793005) + 1442695040888963407;
                picked = ((luck >> 32) * (ulong)++ties) >> 32 == 0 ? i : picked;
            }
        }

        return picked;
    }

    private readonly struct Crowd : ICost
    {
        public double Of(DestinationLoad destination) => (destination.InFlight + 1) / destination.EffectiveWeight;
    }

    private readonly struct Burden(TimeSpan now) : ICost
    {
        public double Of(DestinationLoad destination) => ServerLoad.Of(destination, now).WithOneMore / destination.EffectiveWeight;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly struct Wait(ulong model, TimeSpan now) : ICost
    {
        /// <summary>No answer comes sooner, seconds. What decayed to nothing would make in-flight requests count for nothing too.</summary>
        private const double Shortest = 1e-5;

        /// <summary>Quicker than any answer, seconds.</summary>
        private const double Untried = 1e-9;

        /// <summary>Slower than any answer, seconds.</summary>
        private const double Unanswered = 1e9;

        public double Of(DestinationLoad destination) => Unweighted(destination, model, now) / destination.EffectiveWeight;

        public static double Unweighted(DestinationLoad destination, ulong model, TimeSpan now)
        {
            // The first request finds out how quick a new destination is, whatever the others are. Until it is answered the next ones would go by a guess, and
            // all of them if the guess is low: they go to whoever has answered, or to a new one that has none yet; among new ones alone, to the one with the fewest.
            var inFlight = destination.InFlight;
            var first = destination.Times.Of(model).FirstChunk;

            // While requests are in flight memory does not fade, and one that is silent for longer than it took is thought to take as long: who has stopped
            // answering must not seem the quicker the longer that lasts.
            var wait = !first.HasSample ? inFlight == 0 ? Untried : Unanswered
                : inFlight == 0 ? Math.Max(first.At(now), Shortest)
                : Math.Max(Math.Max(first.At(destination.BusySince), destination.SilentFor(now)), Shortest);
            return wait * (inFlight + 1);
        }
    }
}
