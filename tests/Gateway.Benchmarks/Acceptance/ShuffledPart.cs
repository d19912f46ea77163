using BlazeGateway.Demo.Simulation;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>
/// Controls. With the times of other requests for rewards nothing can be learned, and what is better than chance then was not learned. Adaptive knows before it
/// has learned anything what waits where, and what an ordinary model server takes for it: told that all came as predicted it goes by that alone.
/// </summary>
internal static class ShuffledPart
{
    public static void Run(AcceptanceRuns runs, AcceptanceReport report)
    {
        report.Title("Mean time to the first token when each pick is judged by another request's time, against one of the eight arms by chance, and against Adaptive that is told all came as predicted");
        report.Line($"{"",-4} {"Adaptive",9} {"shuffled",9} {"mix",9} {"mix, shuffled",14} {"untaught",9} {"shuffled over mix",22} {"shuffled over untaught",24}");
        foreach (var regime in runs.Regimes)
        {
            static SimulationOptions Shuffled(SimulationOptions options)
            {
                var times = new ShuffledTimes(new Chance(~options.Seed));
                return options with { Told = (_, seconds) => times.Swap(seconds) };
            }

            static SimulationOptions Mixed(SimulationOptions options) => options with { Make = static availability => new UniformMix(availability) };
            IReadOnlyList<SimulationResult> With(Func<SimulationOptions, SimulationOptions> change) => runs.With(regime, AcceptanceRuns.Adaptive, change);
            var (shuffled, mix, both) = (With(Shuffled), With(Mixed), With(options => Shuffled(Mixed(options))));
            var untaught = With(static options => options with { Told = static (predicted, _) => predicted });
            static double Mean(IReadOnlyList<SimulationResult> of) => of.Average(run => run.FirstContent.Mean);
            Spread Over(IReadOnlyList<SimulationResult> of) => Spread.Of(shuffled.Zip(of, (one, other) => one.FirstContent.Mean / other.FirstContent.Mean));
            report.Line($"{regime,-4} {runs.Mean(regime, AcceptanceRuns.Adaptive),9:0.000} {Mean(shuffled),9:0.000} {Mean(mix),9:0.000} {Mean(both),14:0.000} {Mean(untaught),9:0.000} {Over(mix),22} {Over(untaught),24}");
            report.Promise($"{regime}: shuffled not better than the mix", $"{Mean(shuffled) / Mean(mix):0.00}", Mean(shuffled) >= Mean(mix));
            report.Promise($"{regime}: shuffled not better than untaught", $"{Mean(shuffled) / Mean(untaught):0.00}", Mean(shuffled) >= Mean(untaught));
        }
    }
}
