using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>What recording adds to a pick, its outcome included, in a ring of the default size. Promised: 0 B and at most 150 ns among 8 destinations.</summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class DecisionBenchmarks : IDisposable
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());
    private readonly DefaultHttpContext _http = new();
    private readonly DecisionRecorder _recorder = new(DecisionRecorder.DefaultKept, TimeProvider.System);
    private readonly DecisionNames _names = new("0123456789", "chat", "llm", "demo-small", Strategies.Adaptive);
    private ClusterState _cluster = null!;
    private Strategy _strategy = null!;

    /// <summary>Strategy that picks.</summary>
    [Params(Strategies.Adaptive, Strategies.LeastConnections)]
    public string Picks { get; set; } = Strategies.Adaptive;

    /// <summary>Eight model servers that have answered some requests.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var registry = new AvailabilityRegistry(
            TimeProvider.System, new Chance(1), new HealthMetrics(Prometheus.Metrics.NewCustomRegistry(), 100), [], NullLogger<AvailabilityRegistry>.Instance);
        _cluster = new ClusterState("llm", new ClusterModel(ExtensionsCarrier.Attach(new ClusterConfig { ClusterId = "llm" }, new ClusterExtensions()), _client));
        for (var i = 0; i < 8; i++)
        {
            _cluster.Destinations[$"d{i}"] = new DestinationState($"d{i}", new DestinationModel(new DestinationConfig { Address = "http://127.0.0.1:9/" }));
        }

        registry.UpdateAllDestinations(_cluster);
        _strategy = Picks == Strategies.Adaptive ? new AdaptiveStrategy(registry, StrategyRegistration.Arms(registry)) : new LeastConnectionsStrategy(Picks, registry);
        for (var i = 0; i < 500; i++)
        {
            var note = default(PickNote);
            Pick(null, ref note);
            note.Answered(0.1, registry.Clock);
        }
    }

    /// <inheritdoc />
    [GlobalCleanup]
    public void Dispose()
    {
        _client.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A pick that nobody records.</summary>
    [Benchmark(Baseline = true)]
    public string Unrecorded()
    {
        var note = default(PickNote);
        return Pick(null, ref note);
    }

    /// <summary>The same, recorded with its outcome.</summary>
    [Benchmark]
    public string Recorded()
    {
        var note = default(PickNote);
        var slot = _recorder.Begin()!;
        var picked = Pick(slot, ref note);
        ref var decision = ref slot.Decision;
        decision.Destination = picked;
        decision.Names = _names;
        decision.Arm = note.IsKept ? note.Arm : -1;
        (decision.Reason, decision.Propensity, decision.Predicted, decision.Best) = (note.Reason, note.Propensity, note.Predicted, note.Best);
        new PublishedDecision(slot, slot.Publish()).Settle(new DecisionOutcome("ok", 200, 0.1, 0.01));
        return picked;
    }

    private string Pick(DecisionSlot? slot, ref PickNote note)
    {
        var request = new PickRequest(_http, new Client(1, null, PriorityBand.Standard, 1), ref note)
        {
            Model = 7, Work = new RequestWork(400, 20), UsualPrompt = 400, Record = slot,
        };
        return _strategy.Pick(request, _cluster, _cluster.DestinationsState.AvailableDestinations)!.DestinationId;
    }
}
