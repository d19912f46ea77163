using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Health;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Finds the tally of a destination. Tallies hang off their destination and go with it; looking one up takes no lock.</summary>
internal sealed class DestinationTallies(AvailabilityRegistry availability, RequestMetrics metrics)
{
    private readonly ConditionalWeakTable<DestinationState, DestinationTally> _tallies = [];

    /// <summary>The tally of <paramref name="destination"/>.</summary>
    public DestinationTally Of(DestinationState destination, string cluster) =>
        _tallies.TryGetValue(destination, out var tally) ? tally : Create(destination, cluster);

    // Apart from the look-up, which would make an object for the lambda every time.
    private DestinationTally Create(DestinationState destination, string cluster) =>
        _tallies.GetValue(destination, state => new DestinationTally(state, availability.Of(state), metrics.Destination(cluster, state.DestinationId)));
}
