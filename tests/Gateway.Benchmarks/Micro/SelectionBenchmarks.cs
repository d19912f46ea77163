using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>
/// One pick among idle destinations, where all are tied and a scan draws most. Promised: 0 B, and at most 100 ns of 8, 1 us of 64 and 2 us of 10,000,
/// of which only what takes the same time for any number is used.
/// </summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class SelectionBenchmarks
{
    private static readonly TimeSpan Now = TimeSpan.FromMinutes(1);
    private readonly Chance _chance = new(1);
    private readonly Dictionary<int, Set> _sets = [];
    private int _turn;

    /// <summary>Destinations of weights 1 to 3 that have answered.</summary>
    [GlobalSetup]
    public void Setup()
    {
        foreach (var count in new[] { 8, 64, 10_000 })
        {
            _sets[count] = new Set(count);
        }
    }

    /// <summary>Fewest in flight of equals.</summary>
    [Benchmark]
    [Arguments(8)]
    [Arguments(64)]
    public int LeastConnections(int count) => LeastScan.Connections(_sets[count].Equal, _chance);

    /// <summary>Least time to the first byte of equals.</summary>
    [Benchmark]
    [Arguments(8)]
    [Arguments(64)]
    public int LeastResponseTime(int count) => LeastScan.ResponseTime(_sets[count].Equal, 0, Now, _chance);

    /// <summary>Least reported load of equals.</summary>
    [Benchmark]
    [Arguments(8)]
    [Arguments(64)]
    public int LeastLoaded(int count) => LeastScan.Load(_sets[count].Equal, Now, _chance);

    /// <summary>Two of equals by reported load.</summary>
    [Benchmark]
    [Arguments(64)]
    [Arguments(10_000)]
    public int TwoByLoad(int count) => PowerOfTwo.Load(_sets[count].Equal, _sets[count].Even, Now, _chance);

    /// <summary>Two of equals.</summary>
    [Benchmark]
    [Arguments(8)]
    [Arguments(64)]
    [Arguments(10_000)]
    public int TwoOfEquals(int count) => PowerOfTwo.Pick(_sets[count].Equal, _sets[count].Even, _chance);

    /// <summary>Two by weight.</summary>
    [Benchmark]
    [Arguments(8)]
    [Arguments(64)]
    [Arguments(10_000)]
    public int TwoByWeight(int count) => PowerOfTwo.Pick(_sets[count].Weighted, _sets[count].Table, _chance);

    /// <summary>The next one.</summary>
    [Benchmark]
    [Arguments(8)]
    [Arguments(64)]
    [Arguments(10_000)]
    public int Round(int count) => RoundRobin.Next(_sets[count].Equal, ref _turn);

    /// <summary>The next one by weight.</summary>
    [Benchmark]
    [Arguments(8)]
    [Arguments(64)]
    [Arguments(10_000)]
    public int Smooth(int count) => _sets[count].Sequence.Next(_sets[count].Weighted, ref _turn);

    private sealed class Set
    {
        public Set(int count)
        {
            int[] weights = [.. Enumerable.Range(0, count).Select(i => 1 + (i % 3))];
            Equal = [.. weights.Select((_, i) => Of(i, 1))];
            Weighted = [.. weights.Select((weight, i) => Of(i, weight))];
            (Even, Table, Sequence) = (AliasTable.Of(Equal), AliasTable.Of(Weighted), new SmoothSequence(weights));
        }

        public DestinationLoad[] Equal { get; }

        public DestinationLoad[] Weighted { get; }

        public AliasTable Even { get; }

        public AliasTable Table { get; }

        public SmoothSequence Sequence { get; }

        private static DestinationLoad Of(int index, int weight)
        {
            var destination = new DestinationLoad("d" + index) { Weight = weight };
            destination.Times.Of(0).FirstChunk.Add(0.05, Now - TimeSpan.FromSeconds(2));
            var moment = new ReportMoment(Now, TimeSpan.FromSeconds(1), 0);
            destination.Reported = new ReportedLoad(new ReportedFacts { Waiting = 1, Running = 3, CacheUse = 0.5 }, moment, moment);
            return destination;
        }
    }
}
