using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Health;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>What availability adds to a request when all is well. Promised: 0 B, and a few nanoseconds but for the end of an attempt, which its circuit counts.</summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class AvailabilityBenchmarks : IDisposable
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());
    private ClusterState _cluster = null!;
    private DestinationAvailability _member = null!;

    /// <summary>Three model servers, all up.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var registry = new AvailabilityRegistry(
            TimeProvider.System, new Chance(1), new HealthMetrics(Prometheus.Metrics.NewCustomRegistry(), 100), [], NullLogger<AvailabilityRegistry>.Instance);
        var extensions = new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = ModelServerKinds.Vllm } };
        _cluster = new ClusterState("llm", new ClusterModel(ExtensionsCarrier.Attach(new ClusterConfig { ClusterId = "llm" }, extensions), _client));
        foreach (var id in new[] { "a", "b", "c" })
        {
            _cluster.Destinations[id] = new DestinationState(id, new DestinationModel(new DestinationConfig { Address = "http://127.0.0.1:9/" }));
        }

        registry.UpdateAllDestinations(_cluster);
        _member = registry.Of(_cluster.Destinations["a"]);
    }

    /// <inheritdoc />
    [GlobalCleanup]
    public void Dispose()
    {
        _client.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The word of the destination that was picked.</summary>
    [Benchmark(Baseline = true)]
    public bool ReadWord() => _member.Word.WithTrial(false).IsCalm;

    /// <summary>The candidates, and whether the strategy is to pick alone.</summary>
    [Benchmark]
    public int ReadCandidates() => _cluster.DestinationsState.AvailableDestinations is CandidateSet { IsCalm: true } set ? set.Count : 0;

    /// <summary>The end of an attempt that was answered.</summary>
    [Benchmark]
    public void EndWell() => _member.Ended(_member.Word, AttemptOutcome.Answered);
}
