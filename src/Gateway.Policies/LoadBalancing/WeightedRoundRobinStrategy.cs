using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// Each as often as its weight says, spread evenly. Where only some of the candidates may be picked, because of affinity or of what each serves, theirs are
/// the turns of all and the rest is passed over.
/// </summary>
internal sealed class WeightedRoundRobinStrategy(AvailabilityRegistry availability) : Strategy(Strategies.WeightedRoundRobin, availability)
{
    /// <inheritdoc />
    protected override int Choose(in PickRequest request, in Candidates candidates)
    {
        if (candidates.Cluster is not { } cluster)
        {
            return LeastScan.Connections(candidates.Loads, Chance);
        }

        var sequence = cluster.Keep(static loads => new SmoothSequence(Weights(loads.Candidates)));
        for (var turns = 0; turns <= sequence.Cycle.Length; turns++)
        {
            var next = sequence.Next(cluster.Candidates, ref cluster.Turn.Value);
            if (next < 0)
            {
                return -1;
            }

            var index = candidates.IsWhole ? next : candidates.Loads.IndexOf(cluster.Candidates[next]);
            if (index >= 0 && Stands(candidates.Loads[index]))
            {
                return index;
            }
        }

        return LeastScan.Connections(candidates.Loads, Chance);
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
