using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>The place of a request that is sent from code.</summary>
internal sealed class MessagePlace(AvailabilityRegistry registry) : FollowedPlace
{
    private int _status;

    /// <summary>Takes a place; there is always room.</summary>
    public void Take(DestinationLoad load) => TryTake(load, availability: null, default, registry.Clock);

    /// <summary>The headers of the answer are here.</summary>
    public void Answered(int status)
    {
        _status = status;
        Answered(status, registry.Clock);
    }

    /// <summary>The answer was read to its end, or nobody wants more of it.</summary>
    public void End() => End(AttemptOutcomes.OfStatus(_status));

    /// <summary>The request ended otherwise.</summary>
    public void End(AttemptOutcome outcome) => TryEnd(outcome, _status, registry.Clock);
}
