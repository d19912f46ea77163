using BlazeGateway.Policies.Health;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Requests in flight on one destination, with its metrics and its availability. Hangs off the destination and goes with it.</summary>
internal sealed class DestinationTally(DestinationState destination, DestinationMetrics metrics)
{
    private DestinationAvailability? _availability;
    private int _inFlight;

    /// <summary>Whether the destination may be sent requests; looked up once.</summary>
    public DestinationAvailability Availability(AvailabilityRegistry registry) => _availability ??= registry.Of(destination);

    /// <summary>Requests sent and not finished.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>The destination was picked by <paramref name="strategy"/> in <paramref name="pick"/> ticks and is sent a request.</summary>
    public void Begin(string strategy, long pick)
    {
        // YARP's own policies read this figure, which YARP only keeps for its own forwarder middleware.
        destination.ConcurrentRequestCount = Interlocked.Increment(ref _inFlight);
        metrics.Picked(strategy, pick);
        metrics.Sent();
    }

    /// <summary>The request ended; called once for each <see cref="Begin"/>.</summary>
    public void End(AttemptResult result, long ticks)
    {
        destination.ConcurrentRequestCount = Interlocked.Decrement(ref _inFlight);
        metrics.Finished(result, ticks);
    }
}
