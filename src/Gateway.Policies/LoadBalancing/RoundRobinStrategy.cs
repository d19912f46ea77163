using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>One after the other.</summary>
internal sealed class RoundRobinStrategy(AvailabilityRegistry availability) : Strategy(Strategies.RoundRobin, availability)
{
    private readonly TurnCounter _foreign = new(availability.Chance);

    /// <inheritdoc />
    protected override int Choose(in PickRequest request, in Candidates candidates)
    {
        var picked = -1;
        for (var turns = 0; turns <= candidates.Loads.Length; turns++)
        {
            picked = RoundRobin.Next(candidates.Loads, ref (candidates.Cluster?.Turn ?? _foreign).Value);
            if (picked < 0 || Stands(candidates.Loads[picked]))
            {
                break;
            }
        }

        return picked;
    }
}
