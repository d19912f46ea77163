using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Requests in flight on one destination, with its metrics. Hangs off the destination and goes with it.</summary>
internal sealed class DestinationTally(DestinationState destination, DestinationMetrics metrics)
{
    private int _inFlight;

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
