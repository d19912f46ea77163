using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>The least time to the first chunk, times one more than it has in flight, for its weight. Of many candidates the better of two drawn by their weights.</summary>
internal sealed class LeastResponseTimeStrategy(AvailabilityRegistry availability) : Strategy(Strategies.LeastResponseTime, availability)
{
    /// <inheritdoc />
    internal override int Choose(in PickRequest request, in Candidates candidates) =>
        candidates is { IsWhole: true, Cluster: { } cluster } && candidates.Loads.Length > LeastScan.MostDestinations
            ? PowerOfTwo.ResponseTime(candidates.Loads, cluster.Keep(static loads => AliasTable.Of(loads.Candidates)), request.Model, Now, Chance)
            : LeastScan.ResponseTime(candidates.Loads, request.Model, Now, Chance);
}
