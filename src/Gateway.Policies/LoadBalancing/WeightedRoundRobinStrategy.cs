using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// Each as often as its weight says, spread evenly; where only some may be picked, because of affinity or of what each serves, one of them by chance and weight.
/// </summary>
internal sealed class WeightedRoundRobinStrategy(AvailabilityRegistry availability) : Strategy(Strategies.WeightedRoundRobin, availability)
{
    /// <inheritdoc />
    internal override int Choose(in PickRequest request, in Candidates candidates)
    {
        if (candidates is not { IsWhole: true, Cluster: { } cluster })
        {
            return WeightedDraw.Pick(candidates.Loads, byWeight: true, Chance);
        }

        var sequence = cluster.Keep(static loads => new SmoothSequence(Weights(loads.Candidates)));
        var picked = -1;
        for (var turns = 0; turns <= sequence.Cycle.Length; turns++)
        {
            picked = sequence.Next(candidates.Loads, ref cluster.WeightedTurn.Value);
            if (picked < 0 || Stands(candidates.Loads[picked]))
            {
                break;
            }
        }

        return picked;
    }

    private static int[] Weights(ReadOnlySpan<DestinationLoad> loads)
    {
        var weights = new int[loads.Length];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = loads[i].Weight;
        }

        return weights;
    }
}
