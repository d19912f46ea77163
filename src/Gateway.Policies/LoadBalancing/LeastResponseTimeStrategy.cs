using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>The least time to the first byte, times one more than it has in flight, for its weight.</summary>
internal sealed class LeastResponseTimeStrategy(AvailabilityRegistry availability) : Strategy(Strategies.LeastResponseTime, availability)
{
    /// <inheritdoc />
    protected override int Choose(in PickRequest request, in Candidates candidates) => LeastScan.ResponseTime(candidates.Loads, Now, Chance);
}
