using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>Of two drawn by chance the one with fewer requests in flight for its weight.</summary>
internal sealed class PowerOfTwoChoicesStrategy(AvailabilityRegistry availability) : Strategy(Strategies.PowerOfTwoChoices, availability)
{
    /// <inheritdoc />
    internal override int Choose(in PickRequest request, in Candidates candidates) =>
        candidates is { IsWhole: true, Cluster: { } cluster }
            ? PowerOfTwo.Pick(candidates.Loads, cluster.Keep(static loads => AliasTable.Of(loads.Candidates)), Chance)
            : LeastScan.Connections(candidates.Loads, Chance);
}
