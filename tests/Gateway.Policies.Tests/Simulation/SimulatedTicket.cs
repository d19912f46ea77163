using BlazeGateway.Policies.Pipeline;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>One request on its way through the simulation.</summary>
internal sealed class SimulatedTicket(SimulatedRequest request, SimulatedExchange exchange, TimeSpan at)
{
    public SimulatedRequest Request => request;

    public SimulatedExchange Exchange => exchange;

    /// <summary>When it came.</summary>
    public TimeSpan At => at;

    /// <summary>The pipeline's work on it.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>Most attempts it may have by the configuration it came under, those that were limited aside.</summary>
    public int MostAttempts { get; init; }

    /// <summary>Whether its stream may go on from another server by the configuration it came under.</summary>
    public bool MayContinue { get; init; }

    /// <summary>Attempts, in order.</summary>
    public List<SimulatedAttempt> Attempts { get; } = [];

    /// <summary>Times it was settled; once is right.</summary>
    public int Settled { get; set; }

    /// <summary>What was written of it in the access log.</summary>
    public AccessRecord Record { get; set; }

    /// <summary>When it was settled.</summary>
    public TimeSpan SettledAt { get; set; }

    /// <summary>Whether its answer was good and whole.</summary>
    public bool IsOk => Settled == 1 && Record.Outcome == Outcome.Ok;
}

/// <summary>One attempt that reached a server, or its closed port.</summary>
/// <param name="Destination">Who was picked.</param>
/// <param name="Server">Who was asked.</param>
/// <param name="Mood">What it was doing.</param>
/// <param name="At">When.</param>
internal sealed record SimulatedAttempt(DestinationState Destination, SimulatedServer Server, ServerMood Mood, TimeSpan At)
{
    /// <summary>Whether the server has done with it.</summary>
    public bool HasEnded { get; set; }
}
