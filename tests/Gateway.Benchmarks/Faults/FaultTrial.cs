using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults;

/// <summary>One front end that serves, and the servers behind it that a scenario breaks.</summary>
internal sealed record FaultTrial
{
    /// <summary>Where requests go.</summary>
    public required Uri Url { get; init; }

    /// <summary>The servers; whole and warm when a scenario gets them.</summary>
    public required FaultFleet Fleet { get; init; }

    /// <summary>What the gateway tells of them; null of other front ends.</summary>
    public required AvailabilityWatch? Watch { get; init; }

    /// <summary>How long it may last.</summary>
    public required FaultDurations Durations { get; init; }

    /// <summary>Fixes prompts and which requests are streams.</summary>
    public required int Seed { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Starts to send so many requests a second for so long.</summary>
    public OpenLoop Load(double rate, double seconds, CancellationToken cancellation) =>
        Load(new Arrivals { Rate = rate, Count = (int)Math.Round(rate * seconds), Seed = Seed }, cancellation);

    /// <summary>Starts to send <paramref name="arrivals"/> by clients that try again.</summary>
    public RetryingLoad Retrying(Arrivals arrivals, CancellationToken cancellation) => RetryingLoad.Start(Url, FaultFleet.Model, arrivals, Time, cancellation);

    /// <summary>Starts to send <paramref name="arrivals"/>.</summary>
    public OpenLoop Load(Arrivals arrivals, CancellationToken cancellation) => OpenLoop.Start(Url, FaultFleet.Model, arrivals, Time, cancellation);
}
