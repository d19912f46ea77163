using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>The one request that a half-open destination is sent. Made only for such requests.</summary>
/// <param name="Availability">The destination's availability.</param>
/// <param name="Word">The word that says so.</param>
internal sealed record AttemptTrial(DestinationAvailability Availability, AvailabilityWord Word)
{
    /// <summary>The headers of the answer are here, which is what was to be found out; the body may take minutes.</summary>
    public void Answered(int status) => Availability.TrialAnswered(Word, status);

    /// <summary>The first chunk of the answer is here: what is to be found out of a destination whose streams stood still, which sends headers all the same.</summary>
    public void Begun(int status) => Availability.TrialBegun(Word, status);

    /// <summary>The request came to nothing before it was sent.</summary>
    public void Abandon() => Availability.Ended(Word, AttemptOutcome.Nothing);
}
