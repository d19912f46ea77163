using BlazeGateway.Benchmarks.Simulate;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;
using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Policies;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Tests.Demo.Simulation;

/// <summary>What is promised of Adaptive, in short pieces of the regimes; <c>acceptance</c> of the benchmarks runs them whole.</summary>
public sealed class AdaptiveTests
{
    private static readonly IReadOnlyDictionary<string, Regime> All = RegimeFile.Read();

    private static readonly string[] WithoutTokens =
        [Strategies.LeastConnections, Strategies.LeastResponseTime, Strategies.PowerOfTwoChoices, Strategies.ConsistentHash, Strategies.RoundRobin];

    private static SimulationResult Run(string name, string strategy, double seconds, Func<SimulationOptions, SimulationOptions>? change = null)
    {
        var regime = All[name] with { Seconds = seconds };
        var options = regime.Options(new StrategyVariant(strategy, HasWeights: false), seed: 1, gateways: 1);
        return FleetSimulation.Run(change is null ? options : change(options), regime.Requests(1));
    }

    [Theory]
    [InlineData("R2", 0.8)]
    [InlineData("R8", 1.1)]
    public void It_is_as_quick_as_promised_beside_the_best_that_does_not_know_tokens(string regime, double most)
    {
        var best = WithoutTokens.Min(strategy => Run(regime, strategy, 60).FirstContent.Mean);
        Assert.InRange(Run(regime, Strategies.Adaptive, 60).FirstContent.Mean / best, 0.1, most);
    }

    [Fact]
    public void Conversations_find_their_beginnings_cached_twice_as_often_as_one_after_the_other()
    {
        var (its, other) = (Run("R3", Strategies.Adaptive, 60).HitRate, Run("R3", Strategies.RoundRobin, 60).HitRate);
        Assert.True(its >= 2 * other, $"{its:0.000} against {other:0.000}");
    }

    [Theory]
    [InlineData("R1")]
    [InlineData("R2")]
    [InlineData("R3")]
    public void At_most_one_pick_in_a_hundred_is_dearer_than_it_must_be(string regime)
    {
        var picks = Run(regime, Strategies.Adaptive, 300).Requests.Where(met => met.Thought.Reason != PickReason.Cold).ToList();
        Assert.InRange(picks.Count(met => met.Thought.Ratio > CostScan.Dearer) / (double)picks.Count, 0.001, 0.01);
    }

    /// <summary>What is better than chance then was not learned. In R2 it still knows what waits where, as LeastLoaded does; in R8 that says nothing.</summary>
    [Theory]
    [InlineData("R2", Strategies.LeastLoaded)]
    [InlineData("R8", Strategies.PowerOfTwoChoices)]
    public void Judged_by_the_times_of_other_requests_it_is_no_better_than_what_knows_as_much_and_learns_nothing(string regime, string other)
    {
        var times = new ShuffledTimes(new BlazeGateway.Policies.Health.Chance(1));
        var shuffled = Run(regime, Strategies.Adaptive, 60, options => options with { Told = (_, seconds) => times.Swap(seconds) }).FirstContent.Mean;
        var its = Run(regime, other, 60).FirstContent.Mean;
        Assert.True(shuffled >= its, $"{shuffled:0.000} against {its:0.000}");
    }

    /// <summary>Without slow start; with it, which model servers have, the part grows as they are eased in.</summary>
    [Theory]
    [InlineData(false, 10)]
    [InlineData(true, 30)]
    public void One_that_joins_gets_its_part(bool isEased, double within)
    {
        var result = Run("R1", Strategies.Adaptive, 90, options => options.With(7, server => server with { JoinsAt = 40 }) with
        {
            Cluster = options.Cluster with { Health = new HealthOptions { SlowStart = isEased } },
        });
        Assert.Equal(0, result.Between(0, 40).Shares()[7]);
        Assert.InRange(result.Between(40 + within - 5, 40 + within + 15).Shares()[7], 0.8 / 8, 1.5 / 8);
        Assert.InRange(result.Between(40, 50).Shares()[7], isEased ? 0 : 0.8 / 8, 1.5 / 8);
    }

    /// <summary>In R3, where little waits and what is cached draws, its part is less even to begin with.</summary>
    [Theory]
    [InlineData("R1", 0.8)]
    [InlineData("R3", 0.5)]
    [InlineData("R8", 0.8)]
    public void One_that_becomes_slower_loses_its_part_within_ten_seconds_and_gets_it_back_within_sixty(string regime, double back)
    {
        var result = Run(regime, Strategies.Adaptive, 165, options => options.With(3, server => server with { Faults = new ServerFaults { Speeds = [new SpeedChange(40, 0.25), new SpeedChange(80, 1)] } }));
        var before = result.Between(0, 40).Shares()[3];
        Assert.InRange(before, 0.6 / 8, 1.5 / 8);
        Assert.InRange(result.Between(50, 80).Shares()[3], 0, 0.35 * before);
        Assert.InRange(result.Between(140, 165).Shares()[3], back * before, 2 * before);
    }

    /// <summary>The option that controls hand out rewards by.</summary>
    [Fact]
    public void Times_are_handed_out_in_another_order()
    {
        var times = new ShuffledTimes(new BlazeGateway.Policies.Health.Chance(1));
        double[] given = [.. Enumerable.Range(0, 5000).Select(i => times.Swap(i))];
        Assert.True(given.Zip(Enumerable.Range(0, 5000), (one, other) => one == other ? 1 : 0).Sum() < 50);
        Assert.Equal(given.Skip(600).Count(), given.Skip(600).Distinct().Count());
        Assert.InRange(given[4999], 0, 4999);
    }
}
