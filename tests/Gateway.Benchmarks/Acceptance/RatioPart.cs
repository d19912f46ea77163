using BlazeGateway.Demo.Simulation.Comparison;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>Adaptive against the fixed strategy that is best in hindsight, of all and of those without tokens and prefixes.</summary>
internal static class RatioPart
{
    private const double MostInOne = 1.05;
    private const double MostOfAll = 0.70;
    private const double MostOfNothing = 1.10;
    private const double PartOfGain = 0.5;

    public static void Regimes(AcceptanceRuns runs, AcceptanceReport report)
    {
        report.Title("Time to the first token against the best fixed strategy of each regime; ratios as mean (least to most by seed)");
        Table(runs, report, runs.Regimes);
        var all = runs.Regimes;
        foreach (var regime in all)
        {
            var most = regime == "R8" ? MostOfNothing : MostInOne;
            Promise(runs, report, regime, most);
        }

        Overall(runs, report, all, AcceptanceRuns.Fixed, $"all seven");
        Overall(runs, report, all, AcceptanceRuns.WithoutTokens, $"those without tokens and prefixes");
    }

    public static void Misspecified(AcceptanceRuns runs, AcceptanceReport report)
    {
        report.Title("The same with an engine that nobody was tuned to");
        Table(runs, report, ["M2", "M4"]);
        foreach (var (regime, like) in new[] { ("M2", "R2"), ("M4", "R4") })
        {
            Promise(runs, report, regime, MostInOne);
            double Gain(string of) => 1 - (runs.Mean(of, AcceptanceRuns.Adaptive) / runs.Mean(of, runs.Best(of, AcceptanceRuns.WithoutTokens)));
            var (gain, tuned) = (Gain(regime), Gain(like));
            report.Promise($"{regime}: at least half of the gain of {like} against the best without tokens remains", $"{100 * gain:0} % of {100 * tuned:0} %", gain >= PartOfGain * tuned);
        }
    }

    private static void Table(AcceptanceRuns runs, AcceptanceReport report, IReadOnlyList<string> regimes)
    {
        report.Line($"{"",-4} {"Adaptive",8} {"p99",7}  {"best of the seven",-18} {"mean",6} {"p99",7} {"mean ratio",20} {"p99 ratio",20}  {"best without tokens",-19} {"mean",6} {"p99",7} {"mean ratio",20} {"p99 ratio",20}");
        foreach (var regime in regimes)
        {
            var its = runs.Of(regime, AcceptanceRuns.Adaptive);
            var (best, plain) = (runs.Best(regime, AcceptanceRuns.Fixed), runs.Best(regime, AcceptanceRuns.WithoutTokens));
            report.Line($"{regime,-4} {its.Average(run => run.FirstContent.Mean),8:0.000} {its.Average(run => run.FirstContent.At(0.99)),7:0.000}  {Against(runs, regime, best, 18)}  {Against(runs, regime, plain, 19)}");
        }
    }

    private static FormattableString Against(AcceptanceRuns runs, string regime, StrategyVariant best, int width) =>
        $"{best.Name.PadRight(width)} {runs.Mean(regime, best),6:0.000} {runs.Of(regime, best).Average(run => run.FirstContent.At(0.99)),7:0.000} {runs.Ratio(regime, best, run => run.FirstContent.Mean),20} {runs.Ratio(regime, best, run => run.FirstContent.At(0.99)),20}";

    private static void Promise(AcceptanceRuns runs, AcceptanceReport report, string regime, double most)
    {
        foreach (var (among, whom) in new[] { (AcceptanceRuns.Fixed, "best of the seven"), (AcceptanceRuns.WithoutTokens, "best without tokens") })
        {
            var best = runs.Best(regime, among);
            var ratio = runs.Mean(regime, AcceptanceRuns.Adaptive) / runs.Mean(regime, best);
            report.Promise($"{regime}: mean at most {most:0.00} times that of the {whom}", $"{ratio:0.000}", ratio <= most);
            double Tail(StrategyVariant of) => runs.Of(regime, of).Average(run => run.FirstContent.At(0.99));
            var tail = Tail(AcceptanceRuns.Adaptive) / Tail(best);
            report.Promise($"{regime}: p99 not above that of the {whom}", $"{tail:0.000}", tail <= 1);
        }
    }

    private static void Overall(AcceptanceRuns runs, AcceptanceReport report, IReadOnlyList<string> regimes, IReadOnlyList<StrategyVariant> among, FormattableString whom)
    {
        double Sum(StrategyVariant of) => regimes.Sum(regime => runs.Mean(regime, of));
        var best = among.MinBy(Sum)!;
        var ratios = Spread.Of(runs.Seeds.Select((_, seed) => regimes.Sum(regime => runs.Of(regime, AcceptanceRuns.Adaptive)[seed].FirstContent.Mean) / regimes.Sum(regime => runs.Of(regime, best)[seed].FirstContent.Mean)));
        report.Promise($"overall at most {MostOfAll:0.00} times the one fixed strategy that is best over all regimes, of {whom}", $"{Sum(AcceptanceRuns.Adaptive) / Sum(best):0.000} of {best.Name}; {ratios} by seed", Sum(AcceptanceRuns.Adaptive) <= MostOfAll * Sum(best));
    }
}
