using BlazeGateway.Demo.Simulation;
using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>Picks that were predicted to cost more than 1.05 times the least, and what trying costs in failures.</summary>
internal static class ExplorationPart
{
    private const double Most = 0.01;
    private const double MostErrors = 0.001;

    public static void Run(AcceptanceRuns runs, AcceptanceReport report)
    {
        report.Title($"Share of picks after the cold start whose cost is more than {CostScan.Dearer} times the least, percent");
        report.Line($"{"",-4} {"all",7} {"tried",7} {"held out",9} {"untrusted",10}  held out of any cost");
        foreach (var regime in runs.Regimes)
        {
            Met[] warm = [.. runs.Of(regime, AcceptanceRuns.Adaptive).SelectMany(run => run.Requests).Where(met => met.Thought.Reason != PickReason.Cold)];
            double Share(Func<Met, bool> which) => warm.Count(which) / (double)warm.Length;
            double Dear(PickReason reason) => Share(met => met.Thought.Reason == reason && met.Thought.Ratio > CostScan.Dearer);
            var all = Share(met => met.Thought.Ratio > CostScan.Dearer);
            report.Line($"{regime,-4} {100 * all,7:0.00} {100 * Dear(PickReason.Tried),7:0.00} {100 * Dear(PickReason.HeldOut),9:0.00} {100 * Dear(PickReason.Untrusted),10:0.00}  {100 * Share(met => met.Thought.Reason == PickReason.HeldOut):0.00}");
            report.Promise($"{regime}: at most 1 %", $"{100 * all:0.00} %", all <= Most);
        }

        // What a server that fails costs whoever tries it, against the fixed strategy that fails least.
        double Failed(IReadOnlyList<SimulationResult> all) => all.Sum(run => run.Failed) / (double)all.Sum(run => run.Requests.Count);
        var least = AcceptanceRuns.Fixed.Min(variant => Failed(runs.Of("R6", variant)));
        var its = Failed(runs.Of("R6", AcceptanceRuns.Adaptive));
        report.Promise($"R6: failures at most 0.1 points above those of the fixed strategy with the fewest", $"{100 * its:0.000} % against {100 * least:0.000} %", its - least <= MostErrors);
    }
}
