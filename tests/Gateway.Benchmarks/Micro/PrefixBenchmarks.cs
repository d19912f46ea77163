using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies.Destinations.Prefix;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>
/// What the prefix index costs: asking all destinations for a prompt of 256 blocks, each of which remembers 14,000 blocks of others; 64 prompts come in
/// turn, so little is in the processor's caches. Promised: 0 B; where one in eight knows the beginning 300 ns of 8 destinations and 3 us of 64.
/// </summary>
[MemoryDiagnoser]
[MedianColumn]
[MinColumn]
[InProcess]
[WarmupCount(5)]
[IterationCount(15)]
[IterationTime(100)]
public class PrefixBenchmarks
{
    private const int Prompts = 64;
    private const int Length = 256;
    private ulong[][] _prompts = null!;
    private ulong[][] _unknown = null!;
    private PrefixMemory[] _some = null!;
    private PrefixMemory[] _all = null!;
    private PrefixMemory[] _apart = null!;
    private PrefixMemory[] _whole = null!;
    private int[] _blocks = null!;
    private int _turn;

    /// <summary>Destinations that are asked.</summary>
    [Params(8, 64)]
    public int Destinations { get; set; }

    /// <summary>Prompts of 256 blocks of which one in eight destinations, or all, know the first 150, or all know another part, or all.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _prompts = [.. Enumerable.Range(0, Prompts).Select(i => Chain(i, Length))];
        _unknown = [.. Enumerable.Range(0, Prompts).Select(i => Chain(1_000 + i, Length))];
        _some = [.. Enumerable.Range(0, Destinations).Select(i => Memory(i % 8 == 0 ? 150 : 0))];
        _all = [.. Enumerable.Range(0, Destinations).Select(_ => Memory(150))];
        _apart = [.. Enumerable.Range(0, Destinations).Select(i => Memory(20 + (i * 97 % 230)))];
        _whole = [.. Enumerable.Range(0, Destinations).Select(_ => Memory(Length))];
        _blocks = new int[Destinations];
    }

    /// <summary>One in eight knows the beginning.</summary>
    [Benchmark(Baseline = true)]
    public void MatchSome() => PrefixMemory.Match(_some, _prompts[_turn++ % Prompts], _blocks);

    /// <summary>Nobody knows it.</summary>
    [Benchmark]
    public void MatchUnknown() => PrefixMemory.Match(_some, _unknown[_turn++ % Prompts], _blocks);

    /// <summary>All know the whole.</summary>
    [Benchmark]
    public void MatchWhole() => PrefixMemory.Match(_whole, _prompts[_turn++ % Prompts], _blocks);

    /// <summary>All know the same part, as of a system prompt.</summary>
    [Benchmark]
    public void MatchSamePart() => PrefixMemory.Match(_all, _prompts[_turn++ % Prompts], _blocks);

    /// <summary>The worst: each knows another part.</summary>
    [Benchmark]
    public void MatchOtherParts() => PrefixMemory.Match(_apart, _prompts[_turn++ % Prompts], _blocks);

    /// <summary>The one picked gets a prompt of 256 blocks it knows, and answers.</summary>
    [Benchmark]
    public void SendAndAnswer() => _whole[0].Answered(_whole[0].Send(_prompts[_turn++ % Prompts]), 4_096, 16_384, 4_080);

    private static ulong[] Chain(int name, int length) =>
        [.. Enumerable.Range(1, length).Select(i => PlacementHash.Mix((ulong)i ^ PlacementHash.Mix((ulong)name)))];

    private PrefixMemory Memory(int known)
    {
        var memory = new PrefixMemory(PrefixMemory.RoomOf(Destinations));
        for (var i = 0; i < 100; i++)
        {
            memory.Send(Chain(5_000 + i, 140));
        }

        foreach (var prompt in known == 0 ? [] : _prompts)
        {
            memory.Send(prompt.AsSpan(0, known));
        }

        return memory;
    }
}
