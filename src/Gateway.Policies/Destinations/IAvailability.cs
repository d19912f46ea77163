using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Destinations;

/// <summary>Port: who keeps the availability of destinations. The watch tells it what probes found, and goes by it.</summary>
internal interface IAvailability
{
    /// <summary>Has <paramref name="listener"/> called after each change of a destination's state. What is called is short and does not throw.</summary>
    void Listen(Action<AvailabilityChange> listener);

    /// <summary>Whether requests may be sent to it.</summary>
    bool IsAvailable(DestinationState destination);

    /// <summary>Whether it is well enough, or out for long enough, to be probed at leisure.</summary>
    bool IsCalm(DestinationState destination);

    /// <summary>What it has to do; null of one that belongs to no cluster any more.</summary>
    DestinationLoad? LoadOf(DestinationState destination);

    /// <summary>A probe ended. False when it failed but does not count, because bytes of answers came meanwhile.</summary>
    bool Probed(DestinationState destination, ProbeFinding finding);

    /// <summary>It is not probed any more, so what probes found says nothing.</summary>
    void ProbingEnded(DestinationState destination);
}

/// <summary>A destination's state changed.</summary>
/// <param name="Destination">The destination.</param>
/// <param name="WasAvailable">Whether requests were sent to it.</param>
/// <param name="IsAvailable">Whether they are now.</param>
/// <param name="WantsProbe">Whether a probe should tell at once what to think of it.</param>
internal readonly record struct AvailabilityChange(DestinationState Destination, bool WasAvailable, bool IsAvailable, bool WantsProbe);
