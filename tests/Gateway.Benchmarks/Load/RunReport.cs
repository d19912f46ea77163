using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>The result of an interleaved run, as it is written.</summary>
internal sealed record RunReport
{
    public bool IsValid => Void.Count == 0;

    /// <summary>Why figures are void, each naming its variant.</summary>
    public required IReadOnlyList<string> Void { get; init; }

    /// <summary>Variants that could not run here, and why.</summary>
    public required IReadOnlyDictionary<string, string> Skipped { get; init; }

    public required string Baseline { get; init; }

    public required int Rounds { get; init; }

    public required int Seed { get; init; }

    public required LoadSettings Load { get; init; }

    public required string ModelServer { get; init; }

    public required IReadOnlyDictionary<string, string> Machine { get; init; }

    public required IReadOnlyList<VariantSummary> Variants { get; init; }

    public required IReadOnlyList<Measurement> Measurements { get; init; }
}

/// <summary>Medians of one variant over the rounds, and its ratios to the baseline of the same round.</summary>
internal sealed record VariantSummary
{
    public required string Variant { get; init; }

    public required double OkPerSecond { get; init; }

    public required double P50Ms { get; init; }

    public required double P99Ms { get; init; }

    public double? FirstTokenP50Ms { get; init; }

    public double? CpuMicroseconds { get; init; }

    public double? ResidentMiB { get; init; }

    public double? AllocatedBytes { get; init; }

    public required long Failed { get; init; }

    /// <summary>Requests per second over the baseline's.</summary>
    public required Interval ThroughputRatio { get; init; }

    /// <summary>CPU per request over the baseline's.</summary>
    public Interval? CpuRatio { get; init; }

    /// <summary>99th percentile over the baseline's.</summary>
    public required Interval P99Ratio { get; init; }

    /// <summary>Median latency less the baseline's, milliseconds.</summary>
    public required Interval AddedP50Ms { get; init; }

    /// <summary>Allocated bytes less the baseline's.</summary>
    public Interval? AddedAllocatedBytes { get; init; }

    /// <summary>The model server's requests per second driven directly, over this variant's in the same round.</summary>
    public double? DirectOver { get; init; }
}
