using BlazeGateway.Policies.Health;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Requests in flight on one destination, with its metrics and its availability. Hangs off the destination and goes with it.</summary>
internal sealed class DestinationTally(DestinationState destination, DestinationAvailability availability, DestinationMetrics metrics)
{
    /// <summary>Whether the destination may be sent requests.</summary>
    public DestinationAvailability Availability => availability;

    /// <summary>Requests sent and not finished.</summary>
    public int InFlight => availability.Load.InFlight;

    /// <summary>The destination was picked by <paramref name="strategy"/> in <paramref name="pick"/> ticks and is sent a request.</summary>
    /// <remarks>Its place is taken already.</remarks>
    public void Begin(string strategy, long pick)
    {
        Show();
        metrics.Picked(strategy, pick);
        metrics.Sent();
    }

    /// <summary>The request ended and gave its place back; called once for each <see cref="Begin"/>.</summary>
    public void End(AttemptResult result, long ticks)
    {
        Show();
        metrics.Finished(result, ticks);
    }

    /// <summary>
    /// YARP's own policies read this figure, which YARP only keeps for its own forwarder middleware. It can only be set, so whoever sets it looks
    /// again: otherwise of two requests that end together the later to write could leave the older figure.
    /// </summary>
    private void Show()
    {
        int shown;
        do
        {
            shown = InFlight;
            destination.ConcurrentRequestCount = shown;
            Interlocked.MemoryBarrier();
        }
        while (shown != InFlight);
    }
}
