using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.Demo.Simulation.Servers;

/// <summary>One simulated server: an <see cref="Engine"/> or, lighter, a <see cref="Script"/>.</summary>
internal sealed record ServerOptions
{
    /// <summary>Share of the engine's rates, or of the script's.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Its engine; null for a script.</summary>
    public EngineOptions? Engine { get; init; }

    /// <summary>Standard deviation of the logarithm of a step's length; 0 for steps as long as the engine says.</summary>
    public double StepNoise { get; init; }

    /// <summary>Service times; null for an engine.</summary>
    public ScriptOptions? Script { get; init; }

    /// <summary>When it is added to the gateways' configuration, seconds from the start; 0 for from the beginning.</summary>
    public double JoinsAt { get; init; }

    /// <summary>What goes wrong.</summary>
    public ServerFaults? Faults { get; init; }
}

/// <summary>A server of a few places, first come first served, whose work is a length drawn for the request: the same whichever server it goes to.</summary>
internal sealed record ScriptOptions
{
    /// <summary>How lengths are distributed.</summary>
    public ServiceTimes Times { get; init; } = ServiceTimes.Exponential;

    /// <summary>Mean length, seconds; of log-normal ones the median.</summary>
    public double Seconds { get; init; } = 0.1;

    /// <summary>Log-normal: standard deviation of the logarithm. Constant: half the width of an even jitter, as a share.</summary>
    public double Spread { get; init; }

    /// <summary>Requests worked on at once.</summary>
    public int Places { get; init; } = 1;
}

/// <summary>Distribution of service times.</summary>
internal enum ServiceTimes
{
    Exponential,
    Constant,
    LogNormal,
}
