using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>Where an attempt tells how long its destination took, and what load it told with its answer. What began before the destination was taken out of service says nothing of it afterwards.</summary>
/// <param name="availability">The destination; null for one whose availability nobody keeps.</param>
/// <param name="picked">The word it was picked by.</param>
/// <param name="times">What is known of how quickly it answers requests like this one; null between attempts.</param>
internal readonly struct AnswerSample(DestinationAvailability? availability, AvailabilityWord picked, AnswerTimes? times)
{
    /// <summary>Seconds between chunks as they are known, 0 when there were none.</summary>
    public double PerChunk => times?.Pace.PerChunk ?? 0;

    /// <summary>Whether an answer refuses the gateway as a failure would: it is told to come less often, or that its key is not good. A client's own key says nothing of the server.</summary>
    public static bool IsRefusal(int status, bool ofClientsKey) =>
        status == StatusCodes.Status429TooManyRequests || (status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden && !ofClientsKey);

    /// <summary>The first chunk took <paramref name="seconds"/>; so is told to whoever picked.</summary>
    public void Add(TimeSpan now, double seconds, in PickNote note)
    {
        if (IsCurrent)
        {
            times!.FirstChunk.Add(seconds, now);
            note.Answered(seconds, now);
        }
    }

    /// <summary>The attempt failed, which counts as <paramref name="seconds"/>.</summary>
    public void Fail(TimeSpan now, double seconds, in PickNote note)
    {
        if (IsCurrent)
        {
            times!.FirstChunk.Add(seconds, now);
            note.Failed(now);
        }
    }

    /// <summary>It would have taken more than <paramref name="seconds"/>: counts where it is more than what is thought.</summary>
    public void AddAtLeast(TimeSpan now, double seconds)
    {
        if (IsCurrent && seconds > times!.FirstChunk.At(now))
        {
            times.FirstChunk.Add(seconds, now);
        }
    }

    /// <summary>Chunks came <paramref name="seconds"/> apart.</summary>
    public void AddPerChunk(TimeSpan now, double seconds, in PickNote note)
    {
        if (IsCurrent)
        {
            times!.PerChunk.Add(seconds, now);
            times.Pace.ChunksCame(seconds);
            note.ChunksCame(seconds);
        }
    }

    /// <summary>It told its load with the answer.</summary>
    public void Told(TimeSpan now, in LoadHeader load)
    {
        if (IsCurrent && availability is { Load: var its } && load.After(its.Reported, now, its.InFlight) is { } report)
        {
            its.Reported = report;
        }
    }

    /// <summary>Whether the destination is still the one that was picked, in service without a break since.</summary>
    public bool IsCurrent => times is not null && (availability is null || availability.Word.Epoch == picked.Epoch);
}
