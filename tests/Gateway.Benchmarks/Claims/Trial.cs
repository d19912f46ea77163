namespace BlazeGateway.Benchmarks.Claims;

/// <summary>What one variant did with the requests of one seed at one rate. Times in milliseconds from when a request was due.</summary>
internal sealed record Trial
{
    public required string Variant { get; init; }

    public required int Seed { get; init; }

    /// <summary>Requests a second, or conversations begun a second.</summary>
    public required double Rate { get; init; }

    public required long Requests { get; init; }

    public required long Failed { get; init; }

    /// <summary>Time to the first token of requests that did not fail: mean and percentiles.</summary>
    public required double FirstTokenMean { get; init; }

    public required double FirstTokenP50 { get; init; }

    public required double FirstTokenP95 { get; init; }

    public required double FirstTokenP99 { get; init; }

    /// <summary>Mean time of whole answers.</summary>
    public required double ResponseMean { get; init; }

    /// <summary>Share of all requests, failed ones included, whose first token came within a second.</summary>
    public required double InTime { get; init; }

    /// <summary>Coefficient of variation of the servers' busy time.</summary>
    public required double BusyVariation { get; init; }

    /// <summary>Share of prompt tokens found in prefix caches.</summary>
    public required double HitRate { get; init; }

    /// <summary>Share of the answers each server gave.</summary>
    public required IReadOnlyList<double> Shares { get; init; }

    /// <summary>Share of the whole machine's CPU that was used meanwhile.</summary>
    public required double MachineLoad { get; init; }

    /// <summary>Share of the whole machine's CPU that the servers, the variant and the client used; what is left of <see cref="MachineLoad"/> was used by others.</summary>
    public required double OwnLoad { get; init; }

    /// <summary>Why the figures do not count; empty when they do.</summary>
    public required IReadOnlyList<string> Void { get; init; }
}
