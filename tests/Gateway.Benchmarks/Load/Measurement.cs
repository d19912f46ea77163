namespace BlazeGateway.Benchmarks.Load;

/// <summary>One variant in one round.</summary>
/// <param name="Variant">Its name.</param>
/// <param name="Round">Counted from 1.</param>
/// <param name="OkPerSecond">Complete answers per second.</param>
/// <param name="P50Ms">Median latency.</param>
/// <param name="P99Ms">99th percentile of latency.</param>
/// <param name="FirstTokenP50Ms">Median time to first content, streams only.</param>
/// <param name="CpuMicroseconds">CPU time of the server's processes per request; null for the model server driven directly.</param>
/// <param name="ResidentMiB">Resident memory after the load.</param>
/// <param name="AllocatedBytes">Managed bytes allocated per request, when the server tells.</param>
/// <param name="Failed">Requests that did not end well.</param>
/// <param name="Void">Why the measurement does not count; empty when it does.</param>
internal sealed record Measurement(
    string Variant, int Round, double OkPerSecond, double P50Ms, double P99Ms, double? FirstTokenP50Ms, double? CpuMicroseconds,
    double? ResidentMiB, double? AllocatedBytes, long Failed, IReadOnlyList<string> Void);
