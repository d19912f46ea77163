using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>How long requests waited for a slot while all were taken, milliseconds.</summary>
/// <param name="P50">The median of the waits.</param>
/// <param name="P99">Their 99th percentile.</param>
/// <param name="BeyondP99">The 99th percentile of what they waited after the first slot had come free. Before that nobody could serve them.</param>
internal sealed record SlotWaits(double P50, double P99, double BeyondP99)
{
    /// <summary>Of these requests.</summary>
    /// <param name="requests">Their waits: to the first text, less <paramref name="usual"/>.</param>
    /// <param name="freed">When slots came free, seconds by the same clock: when answers ended.</param>
    /// <param name="usual">Milliseconds to the first text without a wait.</param>
    public static SlotWaits Of(IReadOnlyList<LogicalRequest> requests, IReadOnlyCollection<double> freed, double usual)
    {
        double[] waits = [.. requests.Select(request => Math.Max(0, request.Attempts[0].FirstMilliseconds - usual))];
        var beyond = requests.Zip(waits, (request, wait) => Math.Max(0, wait - (1000 * (freed.Where(at => at >= request.At).DefaultIfEmpty(request.At).Min() - request.At))));
        return new SlotWaits(Of(waits, 0.5), Of(waits, 0.99), Of(beyond, 0.99));
    }

    private static double Of(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }
}
