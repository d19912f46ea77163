using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Prefix;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Demo.Simulation;

/// <summary>One request on its way. Moments are those of <see cref="VirtualTime"/>; 0 is "not yet".</summary>
/// <param name="index">Its place in the workload.</param>
/// <param name="asked">What it asks.</param>
/// <param name="came">When it came.</param>
internal sealed class SimulatedRequest(int index, WorkloadRequest asked, long came)
{
    private HeldPlace _place;
    private PickNote _note;
    private PrefixForecast _forecast;

    public int Index => index;

    public WorkloadRequest Asked => asked;

    public long Came => came;

    /// <summary>When the first content of its answer came.</summary>
    public long FirstContent { get; set; }

    /// <summary>When it ended, however it did.</summary>
    public long Ended { get; set; }

    /// <summary>What it said of its destination at its end.</summary>
    public AttemptOutcome Outcome { get; set; }

    /// <summary>The gateway it went through.</summary>
    public int Gateway { get; set; }

    /// <summary>The server it went to, −1 when there was none to pick.</summary>
    public int Server { get; set; } = -1;

    /// <summary>Prompt tokens its server had in its cache.</summary>
    public int CachedTokens { get; set; }

    /// <summary>What the gateway keeps of its pick until it ends.</summary>
    public SimulatedHold Hold { get; set; }

    /// <summary>What it brings a server to do, as its gateway estimates it.</summary>
    public RequestWork Work { get; set; }

    /// <summary>Its place on the server.</summary>
    public ref HeldPlace Place => ref _place;

    /// <summary>What the strategy thought.</summary>
    public ref PickNote Note => ref _note;

    /// <summary>What its server was expected to have of the prompt.</summary>
    public ref PrefixForecast Forecast => ref _forecast;

    /// <summary>Its generation, on a server with an engine.</summary>
    public Sequence? Sequence { get; set; }
}

/// <summary>What a gateway keeps of a pick.</summary>
/// <param name="Availability">Where it went.</param>
/// <param name="Picked">The word it was picked by.</param>
internal readonly record struct SimulatedHold(DestinationAvailability Availability, AvailabilityWord Picked);
