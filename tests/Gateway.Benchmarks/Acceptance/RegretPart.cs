using BlazeGateway.Benchmarks.Simulate;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>
/// R2: what not knowing the servers costs. The same requests with an Adaptive that has had another three minutes of such requests before, and with
/// LeastLoaded that is told how quick the servers are; what the one that begins with nothing takes longer, by thirds.
/// </summary>
internal static class RegretPart
{
    private const string Of = "R2";
    private const int OtherSeeds = 10_000;

    public static void Run(AcceptanceRuns runs, AcceptanceReport report)
    {
        var regime = runs.All[Of];
        var third = regime.Seconds / 3;
        var told = new StrategyVariant(Strategies.LeastLoaded, HasWeights: true);
        report.Title($"{Of}: seconds a request takes longer to its first token than with one that knows the servers, by thirds of {third:0} s");
        double Mean(IEnumerable<SimulationResult> of, double from) => of.Average(run => run.Between(from, from + third).FirstContent.Mean);
        var its = runs.Of(Of, AcceptanceRuns.Adaptive);
        SimulationResult[] warm = [.. runs.Seeds.Select(seed => Warm(regime, seed))];
        double[] regret = [.. Enumerable.Range(0, 3).Select(i => Mean(its, i * third) - Mean(warm, (i * third) + regime.Seconds))];
        double[] other = [.. Enumerable.Range(0, 3).Select(i => Mean(its, i * third) - Mean(runs.Of(Of, told), i * third))];
        report.Line($"  Adaptive that has learned before {regret[0]:0.0000} {regret[1]:0.0000} {regret[2]:0.0000}");
        report.Line($"  {told.Name}              {other[0]:0.0000} {other[1]:0.0000} {other[2]:0.0000}");
        report.Promise($"last third at most half of the first", $"{regret[2]:0.0000} s of {regret[0]:0.0000} s", regret[2] <= 0.5 * regret[0]);
    }

    /// <summary>Requests of another seed, then those of this seed.</summary>
    private static SimulationResult Warm(Regime regime, int seed) => FleetSimulation.Run(
        regime.Options(AcceptanceRuns.Adaptive, seed, gateways: 1),
        [.. regime.Requests(seed + OtherSeeds), .. regime.Requests(seed).Select(request => request with { At = request.At + regime.Seconds })]);
}
