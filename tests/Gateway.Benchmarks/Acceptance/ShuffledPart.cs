using BlazeGateway.Demo.Simulation;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>A control: with the times of other requests for rewards nothing can be learned, and what is better than chance then was not learned.</summary>
internal static class ShuffledPart
{
    public static void Run(AcceptanceRuns runs, AcceptanceReport report)
    {
        report.Title("Mean time to the first token when each pick is judged by another request's time, against one of the eight arms by chance");
        report.Line($"{"",-4} {"Adaptive",9} {"shuffled",9} {"mix",9} {"mix, shuffled",14}  shuffled over mix");
        foreach (var regime in runs.Regimes)
        {
            SimulationOptions Mixed(SimulationOptions options) => options with { Make = static availability => new UniformMix(availability) };
            var shuffled = runs.With(regime, AcceptanceRuns.Adaptive, static options => options with { ShufflesRewards = true });
            var mix = runs.With(regime, AcceptanceRuns.Adaptive, Mixed);
            var both = runs.With(regime, AcceptanceRuns.Adaptive, options => Mixed(options) with { ShufflesRewards = true });
            static double Mean(IReadOnlyList<SimulationResult> of) => of.Average(run => run.FirstContent.Mean);
            var ratio = Spread.Of(shuffled.Zip(mix, (one, other) => one.FirstContent.Mean / other.FirstContent.Mean));
            report.Line($"{regime,-4} {runs.Mean(regime, AcceptanceRuns.Adaptive),9:0.000} {Mean(shuffled),9:0.000} {Mean(mix),9:0.000} {Mean(both),14:0.000}  {ratio}");
            report.Promise($"{regime}: shuffled not better than the mix", $"{Mean(shuffled) / Mean(mix):0.00}", Mean(shuffled) >= Mean(mix));
        }
    }
}
