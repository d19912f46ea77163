using System.Globalization;
using System.Text;
using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>What was measured, as text.</summary>
internal static class ComparisonTable
{
    /// <summary>Above this share of the machine's CPU it may be the machine that is measured.</summary>
    public const double MostMachineLoad = 0.70;

    /// <summary>Mean over the seeds, with the standard deviation behind the sign, of every variant at one rate.</summary>
    public static string OfTrials(IReadOnlyList<Trial> trials, double seconds)
    {
        var text = new StringBuilder();
        Line(text, $"rate {trials[0].Rate:0.##}/s for {seconds:0} s; {trials.Select(trial => trial.Seed).Distinct().Count()} seeds: mean ± standard deviation over seeds; milliseconds");
        Line(text, $"{"variant",-34} {"TTFT mean",14} {"p50",6} {"p95",6} {"p99",6} {"response",14} {"<= 1 s",7} {"busy CV",13} {"hits",6} {"failed",6} {"CPU",5} {"ours",5}  shares of the servers, %");
        foreach (var one in trials.GroupBy(trial => trial.Variant, StringComparer.Ordinal))
        {
            double Mean(Func<Trial, double> value) => one.Average(value);
            var shares = string.Join(' ', Enumerable.Range(0, one.First().Shares.Count).Select(server => (100 * Mean(trial => trial.Shares[server])).ToString("0", CultureInfo.InvariantCulture)));
            Line(text, $"{one.Key,-34} {Spread(one, trial => trial.FirstTokenMean, "0"),14} {Mean(trial => trial.FirstTokenP50),6:0} {Mean(trial => trial.FirstTokenP95),6:0} {Mean(trial => trial.FirstTokenP99),6:0} {Spread(one, trial => trial.ResponseMean, "0"),14} {100 * Mean(trial => trial.InTime),6:0.0}% {Spread(one, trial => trial.BusyVariation, "0.00"),13} {100 * Mean(trial => trial.HitRate),5:0.0}% {one.Sum(trial => trial.Failed),6} {100 * Mean(trial => trial.MachineLoad),4:0}% {100 * Mean(trial => trial.OwnLoad),4:0}%  {shares}");
        }

        Warn(text, trials);
        return text.ToString();
    }

    /// <summary>The goodput of every variant: median over the seeds, and its interval.</summary>
    public static string OfGoodputs(IReadOnlyDictionary<string, IReadOnlyList<Bracket>> goodputs, Bracket bounds)
    {
        var text = new StringBuilder();
        Line(text, $"goodput: highest rate with {Bracket.EnoughInTime:P0} of first tokens within 1 s, sought between {bounds.Holds:0.##} and {bounds.Fails:0.##}/s; median over seeds [90 % interval]; brackets by seed");
        foreach (var (variant, brackets) in goodputs)
        {
            var interval = Bootstrap.OfMedian([.. brackets.Select(bracket => bracket.Middle)], seed: 1);
            var all = string.Join(' ', brackets.Select(bracket => string.Create(CultureInfo.InvariantCulture, $"{bracket.Holds:0.00}-{bracket.Fails:0.00}")));
            var atEnd = brackets.Any(bracket => bracket.Holds <= bounds.Holds || bracket.Fails >= bounds.Fails) ? "  AT AN END OF THE BOUNDS: widen --bounds" : "";
            Line(text, $"{variant,-34} {interval.Median,7:0.00} [{interval.Low:0.00}, {interval.High:0.00}]  {all}{atEnd}");
        }

        return text.ToString();
    }

    /// <summary>Says where figures may be the machine's or the client's.</summary>
    public static void Warn(StringBuilder text, IReadOnlyList<Trial> trials)
    {
        var busy = trials.Where(trial => trial.MachineLoad > MostMachineLoad).ToArray();
        if (busy.Length > 0)
        {
            Line(text, $"WARNING {busy.Length} of {trials.Count} trials ran with the machine above {MostMachineLoad:P0} CPU (most {busy.Max(trial => trial.MachineLoad):P0}): they may measure the machine and not the balancing: {string.Join(", ", busy.Select(trial => trial.Variant).Distinct(StringComparer.Ordinal))}");
        }

        foreach (var trial in trials.Where(trial => trial.Void.Count > 0))
        {
            Line(text, $"VOID {trial.Variant}, seed {trial.Seed}, rate {trial.Rate:0.##}: {string.Join("; ", trial.Void)}");
        }
    }

    private static string Spread(IEnumerable<Trial> trials, Func<Trial, double> value, string format)
    {
        double[] values = [.. trials.Select(value)];
        var mean = values.Average();
        var deviation = values.Length < 2 ? 0 : Math.Sqrt(values.Sum(one => (one - mean) * (one - mean)) / (values.Length - 1));
        return $"{mean.ToString(format, CultureInfo.InvariantCulture)} ±{deviation.ToString(format, CultureInfo.InvariantCulture)}";
    }

    private static void Line(StringBuilder text, FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture).TrimEnd());
}
