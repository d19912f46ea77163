namespace BlazeGateway.Benchmarks.Load;

/// <summary>One variant in one round.</summary>
internal sealed record Measurement
{
    public required string Variant { get; init; }

    /// <summary>Counted from 1.</summary>
    public required int Round { get; init; }

    /// <summary>Complete answers per second.</summary>
    public required double OkPerSecond { get; init; }

    public required double P50Ms { get; init; }

    public required double P99Ms { get; init; }

    /// <summary>Median time to first content, streams only.</summary>
    public double? FirstTokenP50Ms { get; init; }

    /// <summary>CPU time of the server's processes per request; null for the model server driven directly.</summary>
    public double? CpuMicroseconds { get; init; }

    /// <summary>Resident memory after the load.</summary>
    public double? ResidentMiB { get; init; }

    /// <summary>Managed bytes allocated per request, when the server tells.</summary>
    public double? AllocatedBytes { get; init; }

    /// <summary>Requests that did not end well.</summary>
    public required long Failed { get; init; }

    /// <summary>Why the measurement does not count; empty when it does.</summary>
    public required IReadOnlyList<string> Void { get; init; }
}
