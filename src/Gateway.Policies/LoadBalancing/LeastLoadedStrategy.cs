using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// The least load as model servers report it, corrected by what the gateway has sent and got answered since, for its weight; a nearly full KV cache counts
/// many times. What a destination does not report is what is in flight, so without reports this is <see cref="LeastConnectionsStrategy"/>. Of many candidates
/// the better of two drawn by their weights.
/// </summary>
internal sealed class LeastLoadedStrategy(AvailabilityRegistry availability) : Strategy(Strategies.LeastLoaded, availability)
{
    /// <inheritdoc />
    protected override int Choose(in PickRequest request, in Candidates candidates) =>
        candidates is { IsWhole: true, Cluster: { } cluster } && candidates.Loads.Length > LeastScan.MostDestinations
            ? PowerOfTwo.Load(candidates.Loads, cluster.Keep(static loads => AliasTable.Of(loads.Candidates)), Now, Chance)
            : LeastScan.Load(candidates.Loads, Now, Chance);
}
