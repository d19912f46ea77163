using BlazeGateway.Benchmarks.Simulate;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Tests.Demo.Simulation;

/// <summary>The regimes and scenarios as they are written down.</summary>
public sealed class RegimeTests
{
    private static readonly IReadOnlyDictionary<string, Regime> All = RegimeFile.Read();

    public static TheoryData<string> Names => [.. All.Keys];

    [Fact]
    public void All_that_are_written_down_are_read_and_those_nobody_may_tune_to_are_marked()
    {
        Assert.Equal("R1 R2 R3 R4 R5 R6 R7 R8 M2 M4 H C U", string.Join(' ', All.Keys));
        Assert.Equal("M2 M4", string.Join(' ', All.Where(entry => entry.Value.NeverForTuning).Select(entry => entry.Key)));
    }

    /// <summary>A short piece of each runs to its end; requests come in order and conversations of two phases are never the same.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Each_can_be_run(string name)
    {
        var regime = All[name] with { Seconds = 20, Phases = [.. All[name].Phases.Select(phase => phase with { Seconds = 5 })] };
        var requests = regime.Requests(1);
        Assert.Equal(requests.OrderBy(request => request.At), requests);
        var result = FleetSimulation.Run(regime.Options(new StrategyVariant(Strategies.LeastConnections, HasWeights: false), 1, gateways: 1), requests);
        Assert.InRange(result.Failed, 0, name == "R6" ? 20 : 0);
    }

    [Fact]
    public void Speeds_change_with_the_phase()
    {
        var options = All["R7"].Options(new StrategyVariant(Strategies.RoundRobin, HasWeights: false), 1, gateways: 1);
        Assert.Equal([1, 0.35, 1, 0.25, 1, 0.35, 1, 0.25], options.Servers[7].Faults!.Speeds.Select(change => change.Speed));
        Assert.Equal([0, 60, 120, 180, 240, 300, 360, 420], options.Servers[7].Faults!.Speeds.Select(change => change.At));
    }

    [Fact]
    public void Weights_are_in_proportion_to_speeds()
    {
        var options = All["R2"].Options(new StrategyVariant(Strategies.LeastConnections, HasWeights: true), 1, gateways: 1);
        Assert.Equal([100, 35], new[] { options.Cluster.Weights["d0"], options.Cluster.Weights["d7"] });
        Assert.Empty(All["R2"].Options(new StrategyVariant(Strategies.LeastConnections, HasWeights: false), 1, gateways: 1).Cluster.Weights);
    }

    [Fact]
    public void One_rate_more_has_the_same_requests_sooner()
    {
        var one = All["H"].Requests(3);
        var quicker = (All["H"] with { Workload = All["H"].Workload with { Rate = 20 } }).Requests(3);
        Assert.Equal(one.Take(100).Select(request => request.PromptTokens), quicker.Take(100).Select(request => request.PromptTokens));
    }
}
