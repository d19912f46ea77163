using System.Threading.RateLimiting;
using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.RateLimiting;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>What taking and giving back a permit costs, beside the framework's own limiter. Promised: 0 B.</summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class PermitBenchmarks : IDisposable
{
    private readonly Client _client = new(42, "client", PriorityBand.Standard, 1);
    private readonly LeaseSet _leases = new();
    private readonly ConcurrencyLimit _limit = new(new PermitTable(), PartitionKey.ScopeOf("route", "chat"), 8, perClient: true);

    private readonly PartitionedRateLimiter<Client> _framework = PartitionedRateLimiter.Create<Client, ulong>(static client =>
        RateLimitPartition.GetConcurrencyLimiter(client.Id, static _ => new ConcurrencyLimiterOptions { PermitLimit = 8 }));

    /// <summary>Ours.</summary>
    [Benchmark]
    public void Take()
    {
        _leases.Add(_limit.AttemptAcquire(_client));
        _leases.Release();
    }

    /// <summary>The framework's, of which each client has one as well.</summary>
    [Benchmark(Baseline = true)]
    public void Framework()
    {
        _leases.Add(_framework.AttemptAcquire(_client));
        _leases.Release();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _limit.Dispose();
        _framework.Dispose();
    }
}
