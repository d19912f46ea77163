using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>Farms of up to ten thousand: servers with one place and exponential service of 100 ms, 0.80 of what they can do.</summary>
internal static class SizesPart
{
    private const int Requests = 100_000;
    private const int MostSeeds = 3;
    private const double Seconds = 0.1;
    private const double Load = 0.8;

    // From when on they are counted: before, queues are still growing.
    private const double Settled = 0.4;

    private static readonly string[] Compared = [Strategies.PowerOfTwoChoices, Strategies.LeastConnections, Strategies.Adaptive];

    public static void Run(AcceptanceRuns runs, AcceptanceReport report)
    {
        report.Title("Mean time to the first token, seconds, and time of a pick on this machine, microseconds, by number of destinations");
        report.Line($"{"",6} {string.Join(' ', Compared.Select(name => name.PadLeft(26)))}");
        foreach (var count in new[] { 10, 100, 1_000, 10_000 })
        {
            var all = Compared.Select(name => runs.Seeds.Take(MostSeeds).Select(seed => Once(name, count, seed)).ToArray()).ToArray();
            var two = all[0].Average(one => one.Mean);
            report.Line($"{count,6} {string.Join(' ', all.Select(its => FormattableString.Invariant($"{its.Average(one => one.Mean):0.000} ({its.Average(one => one.Mean) / two:0.00}) {its.Min(one => one.Pick):0.00} us").PadLeft(26)))}");
        }
    }

    private static (double Mean, double Pick) Once(string strategy, int count, int seed)
    {
        var rate = Load * count / Seconds;
        var workload = new WorkloadOptions { Rate = rate, Prompt = new LengthOptions { Median = 400, Sigma = 0.8, Max = 4000 }, Answer = new LengthOptions { Median = 24, Sigma = 0.5, Max = 128 } };
        var script = new ServerOptions { Script = new ScriptOptions { Seconds = Seconds } };
        var options = new SimulationOptions { Strategy = strategy, Servers = [.. Enumerable.Repeat(script, count)], Seed = seed, PickClock = TimeProvider.System };
        var result = FleetSimulation.Run(options, Workload.Create(workload, Requests / rate, seed));
        return (result.Between(Settled * Requests / rate, double.PositiveInfinity).FirstContent.Mean, result.PickTime.TotalMicroseconds / result.Requests.Count);
    }
}
