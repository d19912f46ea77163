using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Where an attempt tells how long its destination took. What began before the destination was taken out of service says nothing of it afterwards.</summary>
/// <param name="availability">The destination; null between attempts.</param>
/// <param name="picked">The word it was picked by.</param>
/// <param name="times">What is known of how quickly it answers requests like this one.</param>
internal readonly struct AnswerSample(DestinationAvailability? availability, AvailabilityWord picked, AnswerTimes? times)
{
    /// <summary>Seconds between chunks as they are known, 0 when there were none.</summary>
    public double PerChunk(TimeProvider time) => times?.PerChunk.At(time.GetElapsedTime(0)) ?? 0;

    /// <summary>The first chunk took <paramref name="seconds"/>.</summary>
    public void Add(TimeProvider time, double seconds)
    {
        if (IsCurrent)
        {
            times!.FirstChunk.Add(seconds, time.GetElapsedTime(0));
        }
    }

    /// <summary>It would have taken more than <paramref name="seconds"/>: counts where it is more than what is thought.</summary>
    public void AddAtLeast(TimeProvider time, double seconds)
    {
        if (IsCurrent && seconds > times!.FirstChunk.At(time.GetElapsedTime(0)))
        {
            Add(time, seconds);
        }
    }

    /// <summary>Chunks came <paramref name="seconds"/> apart.</summary>
    public void AddPerChunk(TimeProvider time, double seconds)
    {
        if (IsCurrent)
        {
            times!.PerChunk.Add(seconds, time.GetElapsedTime(0));
        }
    }

    private bool IsCurrent => availability is not null && availability.Word.Epoch == picked.Epoch;
}
