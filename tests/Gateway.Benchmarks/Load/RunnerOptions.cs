using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>What an interleaved run compares and how.</summary>
internal sealed record RunnerOptions
{
    public required IReadOnlyList<string> Variants { get; init; }

    /// <summary>The variant all ratios are to.</summary>
    public required string Baseline { get; init; }

    public required int Rounds { get; init; }

    public required TimeSpan Warmup { get; init; }

    public required int Seed { get; init; }

    /// <summary>The load of every measurement; its URL is replaced by each variant's.</summary>
    public required LoadOptions Load { get; init; }

    /// <summary><c>fixed</c> or <c>blaze</c>: what stands behind every variant.</summary>
    public required string ModelServer { get; init; }

    /// <summary>The gateway's program.</summary>
    public required string Blaze { get; init; }

    /// <summary>Whether the load asks for all a server can give, so that the model server must be checked to be faster.</summary>
    public bool IsThroughput => Load.Concurrency >= 8;
}
