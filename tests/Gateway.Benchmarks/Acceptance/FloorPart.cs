using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>
/// How small the ratios could be: the time to the first token when hardly a request meets another, by whoever does best then, over the best fixed strategy at the
/// load of the regime. No way to pick can do better than that nobody waits.
/// </summary>
internal static class FloorPart
{
    private const double Thinner = 100;

    private static readonly StrategyVariant[] Candidates =
        [AcceptanceRuns.Adaptive, new(Strategies.LeastLoaded, HasWeights: true), new(Strategies.LeastConnections, HasWeights: true)];

    public static void Run(AcceptanceRuns runs, AcceptanceReport report)
    {
        report.Title("The least that is possible: mean time to the first token when hardly a request meets another");
        report.Line($"{"",-4} {"floor",8}  {"by",-26} {"best of the seven",18} {"floor over it",14} {"Adaptive over it",17}");
        var floor = 0.0;
        foreach (var regime in runs.Regimes)
        {
            var thin = runs.All[regime].Thinned(Thinner);
            var means = Candidates.Select(variant => (variant.Name, Mean: runs.Seeds.Average(seed => FleetSimulation.Run(thin.Options(variant, seed, gateways: 1), thin.Requests(seed)).FirstContent.Mean)));
            var (name, least) = means.MinBy(pair => pair.Mean);
            var best = runs.Mean(regime, runs.Best(regime, AcceptanceRuns.Fixed));
            floor += least;
            report.Line($"{regime,-4} {least,8:0.000}  {name,-26} {best,18:0.000} {least / best,14:0.00} {runs.Mean(regime, AcceptanceRuns.Adaptive) / best,17:0.00}");
        }

        double Sum(StrategyVariant of) => runs.Regimes.Sum(regime => runs.Mean(regime, of));
        var fixedOne = AcceptanceRuns.Fixed.MinBy(Sum)!;
        report.Line($"over all regimes: floor {floor / Sum(fixedOne):0.000} of {fixedOne.Name}, Adaptive {Sum(AcceptanceRuns.Adaptive) / Sum(fixedOne):0.000}");
    }
}
