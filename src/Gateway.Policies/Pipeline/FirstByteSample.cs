using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Where an attempt tells how long its destination took, and what load it told with its answer. What began before the destination was taken out of service says nothing of it afterwards.</summary>
/// <param name="availability">The destination; null between attempts.</param>
/// <param name="picked">The word it was picked by.</param>
internal readonly struct FirstByteSample(DestinationAvailability? availability, AvailabilityWord picked)
{
    /// <summary>It took <paramref name="seconds"/>.</summary>
    public void Add(TimeProvider time, double seconds)
    {
        if (availability is not null && availability.Word.Epoch == picked.Epoch)
        {
            availability.Load.FirstByte.Add(seconds, time.GetElapsedTime(0));
        }
    }

    /// <summary>It would have taken more than <paramref name="seconds"/>: counts where it is more than what is thought.</summary>
    public void AddAtLeast(TimeProvider time, double seconds)
    {
        if (availability is not null && seconds > availability.Load.FirstByte.At(time.GetElapsedTime(0)))
        {
            Add(time, seconds);
        }
    }

    /// <summary>It told its load with the answer.</summary>
    public void Told(TimeProvider time, in LoadHeader load)
    {
        if (availability is not null && availability.Word.Epoch == picked.Epoch
            && load.After(availability.Load.Reported, time.GetElapsedTime(0), availability.Load.InFlight) is { } report)
        {
            availability.Load.Reported = report;
        }
    }
}
