using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Tests.Demo.Simulation;

/// <summary>What goes wrong with servers in a run.</summary>
public sealed class SimulatedFaultTests
{
    private static readonly WorkloadOptions Talk = new() { Rate = 2, Sessions = new SessionOptions { Turns = 6, Pause = 2 } };

    [Fact]
    public void A_server_that_stands_still_answers_later()
    {
        var options = Fleets.Scripted(Strategies.RoundRobin, 1, new ScriptOptions { Times = ServiceTimes.Constant, Seconds = 0.1 })
            .With(0, server => server with { Faults = new ServerFaults { StallFrom = 1.05, StallUntil = 3 } });
        var result = FleetSimulation.Run(options, Fleets.Steady(1, 5));
        Assert.Equal([0.1, 2.05, 1.15, 0.25, 0.1], result.Requests.Select(met => Math.Round(met.Took, 6)));
        Assert.Equal(0, result.Failed);
    }

    [Fact]
    public void A_server_that_gives_no_first_byte_is_given_up()
    {
        var options = Fleets.Scripted(Strategies.RoundRobin, 1, new ScriptOptions { Times = ServiceTimes.Constant, Seconds = 5, Places = 2 }) with { FirstByte = 7 };
        var result = FleetSimulation.Run(options, Fleets.Steady(2, 2));
        Assert.Equal([5, 5, 7, 7], result.Requests.Select(met => Math.Round(met.Took, 6)));
        Assert.Equal(2, result.Failed);
        Assert.True(double.IsPositiveInfinity(result.Requests[2].ToFirstContent));
    }

    [Fact]
    public void A_restart_breaks_answers_off_and_empties_the_cache()
    {
        var requests = Workload.Create(Talk, 30, 1);
        var plain = Fleets.Engines(Strategies.LeastConnections, 1);
        var restarted = plain.With(0, server => server with { Faults = new ServerFaults { RestartAt = 15, RestartSeconds = 0 } });
        var (whole, broken) = (FleetSimulation.Run(plain, requests), FleetSimulation.Run(restarted, requests));
        Assert.Equal(0, whole.Failed);
        Assert.InRange(broken.Failed, 1, requests.Count - 1);
        Assert.True(broken.HitRate < whole.HitRate, $"{broken.HitRate} is not below {whole.HitRate}");
    }

    [Fact]
    public void A_closed_port_takes_one_out_until_it_is_back()
    {
        var options = Fleets.Scripted(Strategies.RoundRobin, 2, new ScriptOptions { Times = ServiceTimes.Constant, Seconds = 0.01 })
            .With(1, server => server with { Faults = new ServerFaults { RestartAt = 10, RestartSeconds = 5 } });
        var result = FleetSimulation.Run(options, Fleets.Steady(20, 60));
        Assert.InRange(result.Failed, 1, 4);
        Assert.Equal(0.5, result.Between(30, 60).Shares()[1], 0.01);
    }

    [Fact]
    public void Noise_keeps_the_mean_and_a_slow_server_takes_longer()
    {
        var requests = Workload.Create(new WorkloadOptions { Rate = 1 }, 200, 1);
        var plain = Fleets.Engines(Strategies.RoundRobin, 1);
        var noisy = plain.With(0, server => server with { StepNoise = 0.3 });
        var slow = plain.With(0, server => server with { Speed = 0.5 });
        var mean = FleetSimulation.Run(plain, requests).Response.Mean;
        Assert.Equal(1, FleetSimulation.Run(noisy, requests).Response.Mean / mean, 0.05);
        Assert.True(FleetSimulation.Run(slow, requests).Response.Mean > 2 * mean);
    }

    [Fact]
    public void An_unknown_strategy_is_named_with_the_known_ones()
    {
        var error = Assert.Throws<ArgumentException>(() => FleetSimulation.Run(Fleets.Engines("Best", 1), Fleets.Steady(1, 1)));
        Assert.StartsWith("Strategy 'Best' is not known; it must be one of Adaptive, ConsistentHash, LeastConnections, ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_longer_than_the_cache_is_refused_and_one_that_fills_it_is_not()
    {
        var options = Fleets.Engines(Strategies.RoundRobin, 1).With(0, server => server with { Engine = Fleets.Engine with { KvBlocks = 10 } });
        IReadOnlyList<WorkloadRequest> Of(int prompt) => [new WorkloadRequest(0, -1, [new PromptPart(1, prompt)], 10)];
        Assert.Equal(0, FleetSimulation.Run(options, Of(150)).Failed);
        var error = Assert.Throws<ArgumentException>(() => FleetSimulation.Run(options, Of(151)));
        Assert.Equal("Request 1 has 151 prompt tokens and 10 of its answer; a server holds 160 at most. Give the engine more blocks (KvBlocks, --kv-blocks).", error.Message);
    }
}
