using System.Globalization;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>R7, where speeds and requests change every minute: how soon Adaptive is as good as the strategy that is best in each minute.</summary>
internal static class AdaptationPart
{
    private const double Window = 10;
    private const double Near = 1.2;

    public static void Run(AcceptanceRuns runs, AcceptanceReport report)
    {
        report.Title($"R7: mean time to the first token in windows of {Window} s after each switch, as a multiple of the mean of the whole minute, and of the same window, of the best fixed strategy");
        Minutes(runs, report, AcceptanceRuns.Fixed, "best of the seven");
        Minutes(runs, report, AcceptanceRuns.WithoutTokens, "best without tokens");
    }

    private static void Minutes(AcceptanceRuns runs, AcceptanceReport report, IReadOnlyList<StrategyVariant> among, string whom)
    {
        var from = 0.0;
        foreach (var phase in runs.All["R7"].Phases)
        {
            var (start, end) = (from, from + phase.Seconds);
            from = end;
            double Mean(StrategyVariant of, double since, double until) => runs.Of("R7", of).Average(run => Between(run, since, until));
            var best = among.MinBy(variant => Mean(variant, start, end))!;
            var usual = Mean(best, start, end);
            double[] ratios = [.. Enumerable.Range(0, (int)(phase.Seconds / Window)).Select(i => Mean(AcceptanceRuns.Adaptive, start + (i * Window), start + ((i + 1) * Window)) / usual)];
            double[] beside = [.. Enumerable.Range(0, ratios.Length).Select(i => Mean(AcceptanceRuns.Adaptive, start + (i * Window), start + ((i + 1) * Window)) / Mean(best, start + (i * Window), start + ((i + 1) * Window)))];
            var late = Array.FindLastIndex(ratios, ratio => ratio > Near) + 1;
            var first = Array.FindIndex(ratios, ratio => ratio <= Near) + 1;
            report.Line($"  {start,3:0} s as {phase.Like,-3} {best.Name,-18} {Text(ratios)}  same window {Text(beside)}; never again above {Near} after {late * Window} s");
            report.Promise($"as {phase.Like} from {start:0} s: within {Near} times the {whom} in 60 s", first == 0 ? $"not in {phase.Seconds:0} s" : (FormattableString)$"in the first {first * Window:0} s", first > 0);
        }
    }

    private static double Between(SimulationResult run, double from, double until) =>
        run.Requests.Where(met => met.At >= from && met.At < until && !met.IsFailed).Average(met => met.ToFirstContent);

    private static string Text(double[] values) => string.Join(' ', values.Select(value => value.ToString("0.00", CultureInfo.InvariantCulture)));
}
