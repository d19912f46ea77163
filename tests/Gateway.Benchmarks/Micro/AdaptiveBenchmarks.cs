using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Selection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>
/// A whole pick of Adaptive that has learned, holdout and trials included; 64 prompts come in turn, of which one in eight destinations has the first 150
/// blocks. Promised: 0 B, and at most 5 us of 64 destinations.
/// </summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class AdaptiveBenchmarks : IDisposable
{
    private const int Prompts = 64;

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());
    private readonly DefaultHttpContext _http = new();
    private readonly Chance _chance = new(1);
    private ulong[][] _prompts = null!;
    private AdaptiveStrategy _strategy = null!;
    private ClusterState _cluster = null!;
    private AvailabilityRegistry _registry = null!;
    private InferenceFacts _facts = new() { PromptBytes = 16_384, Choices = 1 };
    private PickNote _note;
    private int _turn;

    /// <summary>Destinations to pick among.</summary>
    [Params(8, 64, 10_000)]
    public int Destinations { get; set; }

    /// <summary>Blocks of the prompt that are known.</summary>
    [Params(0, 256)]
    public int Blocks { get; set; }

    /// <summary>A cluster that has answered 6,000 requests.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _registry = new AvailabilityRegistry(
            TimeProvider.System, _chance, new HealthMetrics(Prometheus.Metrics.NewCustomRegistry(), 100), [], NullLogger<AvailabilityRegistry>.Instance);
        var extensions = new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = ModelServerKinds.Vllm } };
        _cluster = new ClusterState("llm", new ClusterModel(ExtensionsCarrier.Attach(new ClusterConfig { ClusterId = "llm" }, extensions), _client));
        for (var i = 0; i < Destinations; i++)
        {
            _cluster.Destinations["d" + i] = new DestinationState("d" + i, new DestinationModel(new DestinationConfig { Address = "http://127.0.0.1:9/" }));
        }

        _registry.UpdateAllDestinations(_cluster);
        _prompts = [.. Enumerable.Range(0, Prompts).Select(i => Enumerable.Range(1, Blocks).Select(block => PlacementHash.Mix((ulong)block ^ PlacementHash.Mix((ulong)i))).ToArray())];
        for (var i = 0; i < Destinations; i++)
        {
            var load = _registry.Of(_cluster.Destinations["d" + i]).Load;
            load.Reserve(new RequestWork(500 + (i % 7 * 300), 100), _registry.Clock);
            foreach (var prompt in i % 8 == 0 && Blocks > 0 ? _prompts : [])
            {
                load.Prefix.Send(prompt.AsSpan(0, 150));
            }
        }

        _strategy = new AdaptiveStrategy(_registry, StrategyRegistration.Arms(_registry));
        for (var i = 0; i < ModelTrial.Learned + 1000; i++)
        {
            _ = Pick();
            _note.Answered(_note.Predicted * (0.9 + (i % 10 * 0.02)), _registry.Clock);
            _note.ChunksCame(0.02);
        }
    }

    /// <inheritdoc />
    [GlobalCleanup]
    public void Dispose()
    {
        _client.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The pick.</summary>
    [Benchmark]
    public DestinationState? Pick() => _strategy.Pick(
        new PickRequest(_http, new Client((ulong)_turn + 1, null, PriorityBand.Standard, 1), ref _note, in _facts)
        {
            Model = 7, Work = new RequestWork(4_096, 100), UsualPrompt = 4_096, Prefix = _prompts[_turn++ % Prompts],
        },
        _cluster,
        _cluster.DestinationsState.AvailableDestinations);
}
