using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>The fewest requests in flight for its weight. Above <see cref="LeastScan.MostDestinations"/> candidates of two drawn by chance, which is as good and costs no more the more there are.</summary>
/// <param name="name">Its own name, or YARP's for the same.</param>
/// <param name="availability">Whose destinations.</param>
internal sealed class LeastConnectionsStrategy(string name, AvailabilityRegistry availability) : Strategy(name, availability)
{
    /// <inheritdoc />
    internal override int Choose(in PickRequest request, in Candidates candidates) =>
        candidates is { IsWhole: true, Cluster: { } cluster } && candidates.Loads.Length > LeastScan.MostDestinations
            ? PowerOfTwo.Pick(candidates.Loads, cluster.Keep(static loads => AliasTable.Of(loads.Candidates)), Chance)
            : LeastScan.Connections(candidates.Loads, Chance);
}
