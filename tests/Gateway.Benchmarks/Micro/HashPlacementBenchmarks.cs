using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>What consistent hashing costs a pick. Promised: 0 B, 100 ns at 8 destinations, 1 us at 64, 2 us at 10,000.</summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(10)]
[IterationCount(15)]
[IterationTime(50)]
public class HashPlacementBenchmarks
{
    private DestinationLoad[] _loads = null!;
    private DestinationLoad[] _crowded = null!;
    private ulong[] _candidates = null!;
    private PlacementHash _hash = null!;
    private HashPlacement _placement = null!;
    private HashTotals? _known;
    private HashTotals? _knownCrowded;
    private ulong _key;

    /// <summary>Destinations of the cluster.</summary>
    [Params(8, 32, 64, 1_000, 10_000)]
    public int Destinations { get; set; }

    /// <summary>Whether every other destination has twice the weight.</summary>
    [Params(false, true)]
    public bool Weighted { get; set; }

    /// <summary>Ten requests in flight for each unit of weight; above 64 destinations the totals are known.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _loads = Loads(_ => 10);
        _crowded = Loads(i => i % 4 < 2 ? 20 : 10);
        _hash = new PlacementHash(1);
        _placement = new HashPlacement(_loads, _hash);
        _candidates = new ulong[_placement.Words];
        for (var i = 0; i < Destinations; i++)
        {
            _candidates[i >> 6] |= 1UL << i;
        }

        _known = Destinations > 64 ? _placement.Sum(_loads, _candidates) : null;
        _knownCrowded = Destinations > 64 ? _placement.Sum(_crowded, _candidates) : null;
    }

    /// <summary>Another key each time, every one at home.</summary>
    [Benchmark(Baseline = true)]
    public int Pick() => _placement.Pick(PlacementHash.Mix(_key++), _loads, _candidates, _known);

    /// <summary>Half the destinations have more than their share.</summary>
    [Benchmark]
    public int PickPastCrowded() => _placement.Pick(PlacementHash.Mix(_key++), _crowded, _candidates, _knownCrowded);

    /// <summary>The hash of a session's id.</summary>
    [Benchmark]
    public ulong HashOfKey() => _hash.Compute("3f2b8c1e-8f4d-4f4e-9d7e-5a2f3c1b0d9e");

    /// <summary>A change of configuration.</summary>
    [Benchmark]
    public object Build() => new HashPlacement(_loads, _hash);

    private DestinationLoad[] Loads(Func<int, int> inFlight)
    {
        var loads = new DestinationLoad[Destinations];
        for (var i = 0; i < loads.Length; i++)
        {
            loads[i] = new DestinationLoad($"server-{i}") { Weight = Weighted ? 1 + (i & 1) : 1 };
            for (var request = inFlight(i) * loads[i].Weight; request > 0; request--)
            {
                loads[i].Reserve();
            }
        }

        return loads;
    }
}
