using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;
using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies;

namespace BlazeGateway.Benchmarks.Simulate;

/// <summary>Servers and requests of one entry of <c>regimes.json</c> or <c>scenarios.json</c>.</summary>
internal sealed record Regime
{
    /// <summary>Seconds that requests come where nothing else is said.</summary>
    private const double DefaultSeconds = 120;

    /// <summary>Phases have chances of their own, and so do their conversations.</summary>
    private const int PhaseStride = 1_000_000;

    public required string What { get; init; }

    /// <summary>Whether it is run only when it is named.</summary>
    public bool NeverForTuning { get; init; }

    public EngineOptions? Engine { get; init; }

    public ScriptOptions? Service { get; init; }

    public double StepNoise { get; init; }

    public double BytesPerToken { get; init; } = 4;

    public required IReadOnlyList<double> Speeds { get; init; }

    /// <summary>Seconds that requests come, when it has one phase only.</summary>
    public double Seconds { get; init; } = DefaultSeconds;

    public WorkloadOptions Workload { get; init; } = new();

    public IReadOnlyList<Phase> Phases { get; init; } = [];

    /// <summary>Faults by the server's place.</summary>
    public IReadOnlyDictionary<int, ServerFaults> Faults { get; init; } = new Dictionary<int, ServerFaults>();

    /// <summary>The requests of a seed.</summary>
    public IReadOnlyList<WorkloadRequest> Requests(int seed)
    {
        if (Phases.Count == 0)
        {
            return Demo.Simulation.Workloads.Workload.Create(Workload, Seconds, seed);
        }

        var all = new List<WorkloadRequest>();
        var from = 0.0;
        for (var i = 0; i < Phases.Count; from += Phases[i++].Seconds)
        {
            var workload = Phases[i].Workload ?? Workload;
            var its = Demo.Simulation.Workloads.Workload.Create(workload with { Rate = workload.Rate * Phases[i].RateFactor }, Phases[i].Seconds, (seed * 1000) + i);
            var (start, place) = (from, i);
            all.AddRange(its.Select(request => request with { At = request.At + start, Session = request.Session < 0 ? -1 : request.Session + (place * PhaseStride) }));
        }

        return all;
    }

    /// <summary>The same with <paramref name="times"/> as much time between requests, and so much longer: hardly any meets another.</summary>
    public Regime Thinned(double times)
    {
        WorkloadOptions Thin(WorkloadOptions workload) => workload with { Rate = workload.Rate / times };
        return this with
        {
            Seconds = Seconds * times,
            Workload = Thin(Workload),
            Phases = [.. Phases.Select(phase => phase with { Seconds = phase.Seconds * times, Workload = phase.Workload is { } workload ? Thin(workload) : null })],
        };
    }

    /// <summary>A run of a strategy with a seed.</summary>
    public SimulationOptions Options(StrategyVariant variant, int seed, int gateways)
    {
        var servers = Speeds.Select(Server).ToArray();
        var cluster = Engine is null ? new ClusterExtensions() : new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = ModelServerKinds.Vllm } };
        return new SimulationOptions
        {
            Strategy = variant.Strategy,
            Servers = servers,
            Cluster = variant.Tell(cluster, servers),
            Seed = seed,
            Gateways = gateways,
            BytesPerToken = BytesPerToken,
        };
    }

    private ServerOptions Server(double speed, int place)
    {
        var changes = new List<SpeedChange>();
        var from = 0.0;
        foreach (var phase in Phases)
        {
            changes.Add(new SpeedChange(from, (phase.Speeds ?? Speeds)[place]));
            from += phase.Seconds;
        }

        var faults = Faults.GetValueOrDefault(place) ?? new ServerFaults();
        return new ServerOptions
        {
            Engine = Engine,
            Script = Service,
            Speed = speed,
            StepNoise = StepNoise,
            Faults = changes.Count > 0 ? faults with { Speeds = changes } : faults,
        };
    }
}

/// <summary>One of several phases.</summary>
internal sealed record Phase
{
    public required double Seconds { get; init; }

    /// <summary>Regime whose workload and speeds it has.</summary>
    public string? Like { get; init; }

    public WorkloadOptions? Workload { get; init; }

    public IReadOnlyList<double>? Speeds { get; init; }

    public double RateFactor { get; init; } = 1;
}
