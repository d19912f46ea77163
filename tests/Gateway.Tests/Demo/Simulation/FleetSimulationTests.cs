using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Tests.Demo.Simulation;

public sealed class FleetSimulationTests
{
    private static readonly WorkloadOptions Talk = new() { Rate = 6, Sessions = new SessionOptions { Turns = 4, Pause = 3 } };

    public static TheoryData<string> Names => [.. SimulatedGateway.Known.Where(name => name is not ("Random" or "FirstAlphabetical"))];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_run_twice_is_the_same(string strategy)
    {
        var requests = Workload.Create(Talk, 20, 3);
        var options = Fleets.Engines(strategy, 1, 1, 0.35) with { Seed = 4, Gateways = 2 };
        var (one, other) = (FleetSimulation.Run(options, requests), FleetSimulation.Run(options, requests));
        Assert.Equal(one.Requests, other.Requests);
        Assert.Equal(one.Busy, other.Busy);
        Assert.Equal(requests.Count, one.Requests.Count);
        Assert.Equal(1, one.Shares().Sum(), 1e-9);
        Assert.Equal(0, one.Failed);
        Assert.InRange(one.HitRate, 0.01, 0.99);
    }

    /// <summary>A figure that another process computed: hashes of texts must not decide anything.</summary>
    [Fact]
    public void The_same_run_is_the_same_in_every_process()
    {
        var result = FleetSimulation.Run(Fleets.Engines(Strategies.PowerOfTwoChoices, 1, 1, 1, 0.35, 0.35), Workload.Create(Talk, 20, 3));
        Assert.Equal(ExpectedCounts, string.Join(' ', result.Shares().Select(share => Math.Round(share * result.Requests.Count))));
    }

    private const string ExpectedCounts = "76 68 82 47 46";

    [Fact]
    public void Another_seed_is_another_run()
    {
        var requests = Workload.Create(Talk, 20, 3);
        var options = Fleets.Engines(Strategies.PowerOfTwoChoices, 1, 1, 1);
        Assert.NotEqual(FleetSimulation.Run(options, requests).Requests, FleetSimulation.Run(options with { Seed = 2 }, requests).Requests);
    }

    [Fact]
    public void Round_robin_gives_each_the_same_count()
    {
        var result = FleetSimulation.Run(Fleets.Scripted(Strategies.RoundRobin, 10, new ScriptOptions()), Fleets.Steady(50, 20));
        Assert.All(result.Shares(), share => Assert.Equal(100, Math.Round(share * 1000)));
    }

    [Fact]
    public void Weights_are_kept()
    {
        var options = Fleets.Scripted(Strategies.WeightedRoundRobin, 2, new ScriptOptions()) with { Cluster = new ClusterExtensions { Weights = { ["d0"] = 3 } } };
        Assert.Equal([0.75, 0.25], FleetSimulation.Run(options, Fleets.Steady(5, 80)).Shares().Select(share => Math.Round(share, 6)));
    }

    /// <summary>Servers with one place, exponential service and requests by chance: Vvedenskaya, Dobrushin and Karpelevich's formula for the better of two.</summary>
    [Fact]
    public void The_better_of_two_takes_as_long_as_the_supermarket_formula_says()
    {
        var expected = Enumerable.Range(1, 8).Sum(i => Math.Pow(0.9, Math.Pow(2, i) - 2));
        var result = FleetSimulation.Run(Fleets.Scripted(Strategies.PowerOfTwoChoices, 200, new ScriptOptions { Seconds = 1 }), Fleets.Poisson(180, 1500, 1));
        Assert.InRange(result.Between(150, 1500).Response.Mean, expected * 0.95, expected * 1.05);
    }

    /// <summary>A hash without bound places clients by chance: a farm of M/M/1 queues, 1 / (1 - 0.9) service times.</summary>
    [Fact]
    public void By_chance_alone_it_takes_ten_service_times()
    {
        var options = Fleets.Scripted(Strategies.ConsistentHash, 32, new ScriptOptions { Seconds = 1 }) with { Cluster = new ClusterExtensions { Hash = new HashOptions { Bound = 100 } } };
        Assert.InRange(FleetSimulation.Run(options, Fleets.Poisson(28.8, 12_000, 1)).Between(500, 12_000).Response.Mean, 9, 11);
    }

    /// <summary>Linkerd's scenario, by the same figures as the strategies' own tests.</summary>
    [Theory]
    [InlineData(Strategies.RoundRobin, 94, 96.5)]
    [InlineData(Strategies.LeastConnections, 99, 99.8)]
    [InlineData(Strategies.LeastResponseTime, 99.9, 100)]
    public void One_slow_of_eleven(string strategy, double least, double most)
    {
        var options = Fleets.Scripted(strategy, 11, new ScriptOptions { Times = ServiceTimes.Constant, Seconds = 0.167, Spread = 0.03, Places = int.MaxValue })
            .With(3, server => server with { Faults = new ServerFaults { Speeds = [new SpeedChange(15, 0.167 / 2), new SpeedChange(45, 1)] } });
        Assert.InRange(100 * FleetSimulation.Run(options, Fleets.Steady(1000, 60)).Within(1), least, most);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void One_of_ten_that_fails_at_once_gets_next_to_nothing(string strategy)
    {
        var options = Fleets.Scripted(strategy, 10, new ScriptOptions { Times = ServiceTimes.Constant, Places = int.MaxValue })
            .With(7, server => server with { Faults = new ServerFaults { FailsAfter = 0.001 } });
        var result = FleetSimulation.Run(options, Fleets.Steady(500, 30));
        Assert.InRange(result.Between(2, 30).Shares()[7], 0, 0.001);
        Assert.InRange(result.Failed, 1, result.Requests.Count / 1000);
    }

    /// <summary>What the engine alone computes for the same arrivals.</summary>
    [Fact]
    public void One_server_is_its_engine_alone()
    {
        var requests = Workload.Create(new WorkloadOptions { Rate = 4 }, 60, 1);
        var result = FleetSimulation.Run(Fleets.Engines(Strategies.RoundRobin, 1), requests);
        var alone = Alone(requests);
        Assert.Equal(alone.Select(sequence => (double)(sequence.Times.FirstToken - sequence.Times.Arrived) / VirtualTime.Second), result.Requests.Select(met => met.ToFirstContent));
        Assert.Equal(alone.Select(sequence => (double)(sequence.Times.LastToken - sequence.Times.Arrived) / VirtualTime.Second), result.Requests.Select(met => met.Took));
    }

    [Fact]
    public void Ten_thousand_destinations_work()
    {
        var result = FleetSimulation.Run(Fleets.Scripted(Strategies.LeastConnections, 10_000, new ScriptOptions()), Fleets.Poisson(50_000, 0.5, 1));
        Assert.Equal(0, result.Failed);
        Assert.InRange(result.Response.Mean, 0.1, 0.2);
    }

    private static List<Sequence> Alone(IReadOnlyList<WorkloadRequest> requests)
    {
        var engine = new BatchEngine(Fleets.Engine);
        var all = new List<Sequence>();
        var now = VirtualTime.Second;
        while (all.Count < requests.Count || engine.HasWork)
        {
            for (; all.Count < requests.Count && (!engine.HasWork || Arrival(requests[all.Count]) <= now); now = Math.Max(now, all[^1].Times.Arrived))
            {
                var asked = requests[all.Count];
                all.Add(new Sequence(Prompts.Of(asked, 16), asked.AnswerTokens) { Times = { Arrived = Arrival(asked) } });
                engine.Add(all[^1]);
            }

            now += engine.Plan(now);
            engine.Complete(now);
        }

        return all;
    }

    private static long Arrival(WorkloadRequest request) => VirtualTime.Second + VirtualTime.Of(request.At);
}
