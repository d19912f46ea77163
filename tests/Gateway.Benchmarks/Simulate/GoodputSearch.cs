using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;

namespace BlazeGateway.Benchmarks.Simulate;

/// <summary>The highest rate at which enough requests have their first content in time.</summary>
internal static class GoodputSearch
{
    private const double Share = 0.95;
    private const double Within = 1;
    private const double Exact = 0.01;

    /// <summary>The rate in requests a second that came and that were in time, to one part in a hundred.</summary>
    public static double Find(Regime regime, StrategyVariant variant, int seed, int gateways)
    {
        var (good, bad) = (0.0, regime.Workload.Rate / 4);
        var goodput = 0.0;
        while (Holds(regime, variant, seed, gateways, bad) is { } found)
        {
            (good, goodput, bad) = (bad, found, bad * 2);
        }

        while (bad - good > Exact * bad)
        {
            var between = (good + bad) / 2;
            if (Holds(regime, variant, seed, gateways, between) is { } found)
            {
                (good, goodput) = (between, found);
            }
            else
            {
                bad = between;
            }
        }

        return goodput;
    }

    private static double? Holds(Regime regime, StrategyVariant variant, int seed, int gateways, double rate)
    {
        var scaled = regime with { Workload = regime.Workload with { Rate = rate } };
        var requests = scaled.Requests(seed);
        return requests.Count == 0 || FleetSimulation.Run(scaled.Options(variant, seed, gateways), requests).Within(Within) >= Share ? requests.Count / regime.Seconds : null;
    }
}
