using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Resilience;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>What a circuit adds to an attempt. Promised: 0 B, and nothing where it is off.</summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class CircuitBenchmarks : IDisposable
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());
    private DestinationAvailability _without = null!;
    private DestinationAvailability _with = null!;
    private DestinationCircuit _failing = null!;

    /// <summary>One destination with a circuit, one without, and a circuit that no ratio opens.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _with = Member(enabled: true);
        _without = Member(enabled: false);
        _failing = new DestinationCircuit(new CircuitBreakerOptions { MinimumThroughput = 1_000_000, SamplingDuration = TimeSpan.FromSeconds(1) }, TimeProvider.System);
    }

    /// <inheritdoc />
    [GlobalCleanup]
    public void Dispose()
    {
        _client.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The end of an attempt that was answered, circuits off.</summary>
    [Benchmark(Baseline = true)]
    public void EndWithout() => _without.Ended(_without.Word, AttemptOutcome.Answered);

    /// <summary>The same with a circuit.</summary>
    [Benchmark]
    public void EndWith() => _with.Ended(_with.Word, AttemptOutcome.Answered);

    /// <summary>A failure that opens nothing.</summary>
    [Benchmark]
    public bool Fail() => _failing.Failed(TimeSpan.FromSeconds(10));

    private DestinationAvailability Member(bool enabled)
    {
        var registry = new AvailabilityRegistry(
            TimeProvider.System, new Chance(1), new HealthMetrics(Prometheus.Metrics.NewCustomRegistry(), 100), [], NullLogger<AvailabilityRegistry>.Instance);
        var extensions = new ClusterExtensions { CircuitBreaker = new CircuitBreakerOptions { Enabled = enabled } };
        var cluster = new ClusterState("llm", new ClusterModel(ExtensionsCarrier.Attach(new ClusterConfig { ClusterId = "llm" }, extensions), _client));
        cluster.Destinations["a"] = new DestinationState("a", new DestinationModel(new DestinationConfig { Address = "http://127.0.0.1:9/" }));
        registry.UpdateAllDestinations(cluster);
        return registry.Of(cluster.Destinations["a"]);
    }
}
