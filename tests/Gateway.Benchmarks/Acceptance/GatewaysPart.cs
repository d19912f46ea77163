using BlazeGateway.Demo.Simulation.Comparison;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>Several gateways that tell each other nothing.</summary>
internal static class GatewaysPart
{
    public static void Run(AcceptanceRuns runs, AcceptanceReport report)
    {
        report.Title($"Mean time to the first token behind {runs.Gateways} gateways, each of which knows its own requests only");
        report.Line($"{"",-4} {"strategy",-18} {"one",7} {"several",8}  {"several over one",-20} Adaptive over it");
        foreach (var regime in new[] { "R1", "R2" })
        {
            foreach (var variant in new[] { AcceptanceRuns.Adaptive, new StrategyVariant(Strategies.LeastLoaded, false), new StrategyVariant(Strategies.LeastConnections, false) })
            {
                var (one, several) = (runs.Of(regime, variant), runs.Of(regime, variant, runs.Gateways));
                var cost = Spread.Of(several.Zip(one, (more, single) => more.FirstContent.Mean / single.FirstContent.Mean));
                report.Line($"{regime,-4} {variant.Name,-18} {runs.Mean(regime, variant),7:0.000} {runs.Mean(regime, variant, runs.Gateways),8:0.000}  {cost.ToString(),-20} {runs.Ratio(regime, variant, run => run.FirstContent.Mean, runs.Gateways)}");
            }
        }
    }
}
