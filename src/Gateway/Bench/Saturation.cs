using System.Globalization;

namespace BlazeGateway.Bench;

/// <summary>Decides whether a load measured the server or itself.</summary>
internal static class Saturation
{
    /// <summary>Above this share of its cores the loader is what was measured.</summary>
    public const double MaxCpuShare = 0.85;

    /// <summary>In a load shorter than this the compilation of the loader itself is most of its CPU time, so the share says nothing.</summary>
    public static readonly TimeSpan LeastJudged = TimeSpan.FromSeconds(1);

    /// <summary>At the 99th percentile an arrival may start this late, or a tenth of the median latency when that is more.</summary>
    public static readonly TimeSpan MaxLag = TimeSpan.FromMilliseconds(5);

    /// <summary>The reasons why a figure is void; empty when it counts.</summary>
    public static IReadOnlyList<string> Check(LoaderFacts loader, TimeSpan elapsed, double medianLatencyMs)
    {
        var reasons = new List<string>();
        var allowed = Math.Max(MaxLag.TotalMilliseconds, medianLatencyMs / 10);
        if (loader.Lag is { } lag && lag.P99 > allowed)
        {
            reasons.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"the loader itself lagged: figure void (1 % of arrivals started {lag.P99:0.0} ms late or later; at most {allowed:0.0} ms is allowed)"));
        }

        if (elapsed >= LeastJudged && loader.CpuShare > MaxCpuShare)
        {
            reasons.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"the loader itself was the limit: figure void (it used {loader.CpuShare:P0} of its {loader.Cores} core(s); at most {MaxCpuShare:P0} is allowed)"));
        }

        return reasons;
    }
}
