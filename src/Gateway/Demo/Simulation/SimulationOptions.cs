using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Demo.Simulation;

/// <summary>What a run consists of besides its requests.</summary>
internal sealed record SimulationOptions
{
    /// <summary>Name of the strategy.</summary>
    public string Strategy { get; init; } = Policies.LoadBalancing.Strategies.RoundRobin;

    /// <summary>The servers; those of place i are the destination <c>d</c>i.</summary>
    public required IReadOnlyList<ServerOptions> Servers { get; init; }

    /// <summary>The cluster's <c>Extensions</c>, for example weights.</summary>
    public ClusterExtensions Cluster { get; init; } = new();

    /// <summary>Gateways in front of the servers, each with what it knows itself; a conversation may go through all of them.</summary>
    public int Gateways { get; init; } = 1;

    /// <summary>Decides what is left to chance in gateways and servers.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Seconds to the first byte after which a gateway gives up.</summary>
    public double FirstByte { get; init; } = 300;

    /// <summary>Bytes of prompt per token, which a gateway does not know: it sees bytes.</summary>
    public double BytesPerToken { get; init; } = 4;

    /// <summary>Whether requests say how long their answer is at most, and that is how long it is; otherwise they say nothing.</summary>
    public bool LimitsAnswers { get; init; }

    /// <summary>A control: the seconds that picks are judged by, from those predicted and those it took; null for those it took.</summary>
    public Func<double, double, double>? Told { get; init; }

    /// <summary>Makes a strategy that the gateway itself does not have; null for the one named.</summary>
    public Func<AvailabilityRegistry, Strategy>? Make { get; init; }

    /// <summary>Measures how long picks take, in the time of the machine; null to leave it.</summary>
    public TimeProvider? PickClock { get; init; }
}
