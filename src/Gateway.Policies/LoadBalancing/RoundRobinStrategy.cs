using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>One after the other; where only some may be picked, because of affinity or of what each serves, one of them by chance.</summary>
internal sealed class RoundRobinStrategy(AvailabilityRegistry availability) : Strategy(Strategies.RoundRobin, availability)
{
    /// <inheritdoc />
    internal override int Choose(in PickRequest request, in Candidates candidates)
    {
        if (candidates is not { IsWhole: true, Cluster: { } cluster })
        {
            return WeightedDraw.Pick(candidates.Loads, byWeight: false, Chance);
        }

        var picked = -1;
        for (var turns = 0; turns <= candidates.Loads.Length; turns++)
        {
            picked = RoundRobin.Next(candidates.Loads, ref cluster.Turn.Value);
            if (picked < 0 || Stands(candidates.Loads[picked]))
            {
                break;
            }
        }

        return picked;
    }
}
