using System.Globalization;
using System.Text;
using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>From measurements to medians, ratios with intervals, and the reasons why something does not count.</summary>
internal static class Summaries
{
    /// <summary>Driven directly, the model server must give this many times what a variant gives.</summary>
    public const double DirectMargin = 1.5;

    public static RunReport Report(
        RunnerOptions options, IReadOnlyList<Measurement> measurements, IReadOnlyDictionary<string, string> skipped, DateTimeOffset now)
    {
        var byVariant = measurements.GroupBy(m => m.Variant, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.OrderBy(m => m.Round).ToArray(), StringComparer.Ordinal);
        var baseline = byVariant[options.Baseline];
        var direct = byVariant.GetValueOrDefault(Variants.Direct);
        var order = options.Variants.Select(Variants.NameOf).Where(byVariant.ContainsKey);
        var summaries = order.Select(name => byVariant[name]).Select(rounds => Summarize(rounds, baseline, direct, options.Seed)).ToArray();
        return new RunReport
        {
            Void = Voids(options, measurements, summaries),
            Skipped = skipped,
            Baseline = options.Baseline,
            Rounds = options.Rounds,
            Seed = options.Seed,
            Load = LoadRecorder.SettingsOf(options.Load),
            ModelServer = options.ModelServer,
            Machine = Machine.Describe(now),
            Variants = summaries,
            Measurements = measurements,
        };
    }

    public static string Table(RunReport report)
    {
        var text = new StringBuilder();
        Line(text, $"{"variant",-14} {"ok/s",10} {"ratio [90 %]",22} {"p50 ms",8} {"added ms [90 %]",26} {"p99 ms",8} {"CPU µs",8} {"ratio [90 %]",22} {"MiB",7} {"B/req",8} {"direct/",8} {"failed",7}");
        foreach (var row in report.Variants)
        {
            Line(text, $"{row.Variant,-14} {row.OkPerSecond,10:0.0} {Show(row.ThroughputRatio, "0.00"),22} {row.P50Ms,8:0.000} {Show(row.AddedP50Ms, "+0.000;-0.000"),26} {row.P99Ms,8:0.000} {row.CpuMicroseconds,8:0.0} {Show(row.CpuRatio, "0.00"),22} {row.ResidentMiB,7:0} {row.AllocatedBytes,8:0} {row.DirectOver,8:0.00} {row.Failed,7}");
        }

        Line(text, $"baseline {report.Baseline}; {report.Rounds} rounds; seed {report.Seed}; model server {report.ModelServer}; {report.Machine["cpu"]}, {report.Machine["cores"]} cores");
        foreach (var (name, reason) in report.Skipped)
        {
            Line(text, $"SKIPPED {name}: {reason}");
        }

        foreach (var reason in report.Void)
        {
            Line(text, $"VOID {reason}");
        }

        return text.ToString();
    }

    private static VariantSummary Summarize(Measurement[] rounds, Measurement[] baseline, Measurement[]? direct, int seed)
    {
        double Median(Func<Measurement, double> value) => Bootstrap.Median([.. rounds.Select(value)]);
        double? MedianIf(Func<Measurement, double?> value) => rounds.All(r => value(r) is not null) ? Median(r => value(r)!.Value) : null;
        Interval Pairs(Func<Measurement, Measurement, double> value) =>
            Bootstrap.OfMedian([.. rounds.Zip(baseline, value)], seed);
        Interval? PairsIf(Func<Measurement, double?> value, Func<double, double, double> combine) =>
            rounds.Concat(baseline).All(r => value(r) is not null) ? Pairs((ours, theirs) => combine(value(ours)!.Value, value(theirs)!.Value)) : null;
        return new VariantSummary
        {
            Variant = rounds[0].Variant,
            OkPerSecond = Median(r => r.OkPerSecond),
            P50Ms = Median(r => r.P50Ms),
            P99Ms = Median(r => r.P99Ms),
            FirstTokenP50Ms = MedianIf(r => r.FirstTokenP50Ms),
            CpuMicroseconds = MedianIf(r => r.CpuMicroseconds),
            ResidentMiB = MedianIf(r => r.ResidentMiB),
            AllocatedBytes = MedianIf(r => r.AllocatedBytes),
            Failed = rounds.Sum(r => r.Failed),
            ThroughputRatio = Pairs((ours, theirs) => ours.OkPerSecond / theirs.OkPerSecond),
            P99Ratio = Pairs((ours, theirs) => ours.P99Ms / theirs.P99Ms),
            AddedP50Ms = Pairs((ours, theirs) => ours.P50Ms - theirs.P50Ms),
            CpuRatio = PairsIf(r => r.CpuMicroseconds, (ours, theirs) => ours / theirs),
            AddedAllocatedBytes = PairsIf(r => r.AllocatedBytes, (ours, theirs) => ours - theirs),
            DirectOver = direct is null || ReferenceEquals(direct, rounds) ? null : Bootstrap.Median([.. direct.Zip(rounds, (alone, through) => alone.OkPerSecond / through.OkPerSecond)]),
        };
    }

    private static List<string> Voids(RunnerOptions options, IReadOnlyList<Measurement> measurements, VariantSummary[] summaries)
    {
        // The loader at its limit while it drives the model server alone only understates the margin below.
        var reasons = measurements
            .Where(m => m.Variant != Variants.Direct || !options.IsThroughput)
            .SelectMany(m => m.Void.Select(reason => $"{m.Variant}, round {m.Round}: {reason}"))
            .ToList();
        if (options.IsThroughput)
        {
            reasons.AddRange(summaries
                .Where(row => row.DirectOver < DirectMargin)
                .Select(row => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{row.Variant}: the model server driven directly gives {row.DirectOver:0.00} times as much, less than {DirectMargin}: the figure may be the model server's")));
        }

        reasons.AddRange(summaries.Where(row => row.Failed > 0).Select(row => $"{row.Variant}: {row.Failed} requests failed"));
        return reasons;
    }

    private static string Show(Interval? interval, string format) => interval is { } value
        ? string.Create(CultureInfo.InvariantCulture, $"{value.Median.ToString(format, CultureInfo.InvariantCulture)} [{value.Low.ToString(format, CultureInfo.InvariantCulture)}, {value.High.ToString(format, CultureInfo.InvariantCulture)}]")
        : "";

    private static void Line(StringBuilder text, FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture).TrimEnd());
}
