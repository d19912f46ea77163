using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.Tests.Health;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Decisions;

/// <summary>What strategies tell of a pick.</summary>
public sealed class RecordedPickTests
{
    private static readonly string[] Eight = ["a", "b", "c", "d", "e", "f", "g", "h"];
    private readonly DefaultHttpContext _http = new();

    private (DestinationState? Picked, PickNote Note) Pick(Strategy strategy, TestCluster cluster, DecisionSlot? slot)
    {
        var note = default(PickNote);
        var request = new PickRequest(_http, new Client(1, null, PriorityBand.Standard, 1), ref note) { Model = 7, Work = new RequestWork(400, 20), UsualPrompt = 400, Record = slot };
        return (strategy.Pick(request, cluster.State, cluster.State.DestinationsState.AvailableDestinations), note);
    }

    [Theory]
    [InlineData(Strategies.RoundRobin, false)]
    [InlineData(Strategies.WeightedRoundRobin, false)]
    [InlineData(Strategies.LeastConnections, false)]
    [InlineData(Strategies.PowerOfTwoChoices, false)]
    [InlineData(Strategies.LeastResponseTime, false)]
    [InlineData(Strategies.ConsistentHash, false)]
    [InlineData(Strategies.LeastLoaded, true)]
    [InlineData(Strategies.Adaptive, true)]
    public void Every_strategy_tells_whom_it_picked_among_as_they_were(string name, bool hasCosts)
    {
        using var cluster = new TestCluster(TestCluster.Plain, Eight);
        cluster["b"].Load.Reserve(new RequestWork(1000, 10), cluster.Registry.Clock);
        var recorder = new DecisionRecorder(4, cluster.Time);
        var slot = recorder.Begin()!;
        var (picked, note) = Pick(StrategyList.Create(name, cluster.Registry), cluster, slot);
        slot.Decision.Destination = picked!.DestinationId;
        slot.Publish();
        var decision = recorder.Read(1).Single();
        Assert.Equal(Eight, decision.Candidates.Select(candidate => candidate.Destination).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Equal(8, note.Among);
        var busy = decision.Candidates.Single(candidate => candidate.Destination == "b");
        Assert.Equal((1, 1000L), (busy.InFlight, busy.PrefillTokens));
        Assert.All(decision.Candidates, candidate => Assert.Equal(hasCosts, candidate.Cost is not null));
        Assert.All(decision.Candidates, candidate => Assert.Equal(hasCosts ? 400 : null, candidate.OwnTokens));
        Assert.All(decision.Candidates, candidate => Assert.Equal(name == Strategies.Adaptive, candidate.PredictedSeconds is not null));
    }

    /// <summary>The key of client 1, with all of what is in flight where it belongs; and a request that has none of the keys.</summary>
    [Theory]
    [InlineData(HashKeys.Client, 0, "key")]
    [InlineData(HashKeys.Client, 4, "next_in_line")]
    [InlineData("header:x-session", 0, "no_key")]
    public void Consistent_hashing_tells_whether_it_is_where_the_key_belongs(string key, int busy, string rule)
    {
        using var cluster = new TestCluster(TestCluster.Plain with { Hash = new HashOptions { Keys = [key] } }, Eight);
        var strategy = StrategyList.Create(Strategies.ConsistentHash, cluster.Registry);
        var home = Pick(strategy, cluster, null).Picked!.DestinationId;
        for (var i = 0; i < busy; i++)
        {
            cluster[home].Load.Reserve();
        }

        var recorder = new DecisionRecorder(1, cluster.Time);
        var slot = recorder.Begin()!;
        var picked = Pick(strategy, cluster, slot).Picked!.DestinationId;
        slot.Publish();
        Assert.Equal(rule, recorder.Read(1).Single().Rule);
        Assert.True(rule == "no_key" || (picked == home) == (rule == "key"));
    }

    /// <summary>It asks consistent hashing among others; that is not its own rule.</summary>
    [Fact]
    public void Adaptive_tells_no_rule_of_its_arms()
    {
        using var cluster = new TestCluster(TestCluster.Plain, Eight);
        var strategy = StrategyList.Create(Strategies.Adaptive, cluster.Registry);
        Pick(strategy, cluster, null);
        var memory = cluster.Registry.MemoryOf(cluster.State)!.Learned.Find<AdaptiveMemory>()!;
        for (var i = 0; i < ModelTrial.Cold; i++)
        {
            memory.Trial.Predicted(1, 1, 0);
        }

        for (var i = 0; i < 20 * AdaptiveArms.Count; i++)
        {
            memory.Arms.Learn(i % AdaptiveArms.Count, i % AdaptiveArms.Count == AdaptiveArms.ConsistentHash ? 0 : -5);
        }

        var recorder = new DecisionRecorder(200, cluster.Time);
        for (var i = 0; i < 200; i++)
        {
            var slot = recorder.Begin()!;
            Pick(strategy, cluster, slot);
            slot.Publish();
        }

        Assert.True(memory.Tally.Of(AdaptiveArms.ConsistentHash) > 0);
        Assert.All(recorder.Read(200), decision => Assert.Null(decision.Rule));
    }

    [Fact]
    public void Of_more_than_fit_those_with_the_least_in_flight_are_told()
    {
        using var cluster = new TestCluster(TestCluster.Plain, [.. Enumerable.Range(0, 20).Select(i => $"d{i:00}")]);
        for (var i = 0; i < 20; i++)
        {
            for (var busy = 0; busy < 20 - i; busy++)
            {
                cluster[$"d{i:00}"].Load.Reserve();
            }
        }

        var recorder = new DecisionRecorder(1, cluster.Time);
        var slot = recorder.Begin()!;
        Assert.Equal("d19", Pick(StrategyList.Create(Strategies.LeastConnections, cluster.Registry), cluster, slot).Picked!.DestinationId);
        slot.Publish();
        Assert.Equal(Enumerable.Range(1, 16), recorder.Read(1).Single().Candidates.Select(candidate => candidate.InFlight).Order());
    }

    [Theory]
    [InlineData(Strategies.Adaptive)]
    [InlineData(Strategies.LeastConnections)]
    [InlineData(Strategies.RoundRobin)]
    public void What_has_no_room_is_told_to_have_none(string strategy)
    {
        using var cluster = new TestCluster(TestCluster.Plain with { Capacity = new(StringComparer.Ordinal) { ["a"] = 1 } }, "a", "b");
        cluster["a"].Load.Reserve();
        var recorder = new DecisionRecorder(1, cluster.Time);
        var slot = recorder.Begin()!;
        Assert.Equal("b", Pick(StrategyList.Create(strategy, cluster.Registry), cluster, slot).Picked!.DestinationId);
        slot.Publish();
        Assert.All(recorder.Read(1).Single().Candidates, candidate => Assert.Equal(candidate.Destination == "a", candidate.IsFull));
    }

    [Theory]
    [InlineData(Strategies.Adaptive)]
    [InlineData(Strategies.LeastLoaded)]
    [InlineData(Strategies.LeastConnections)]
    public void Recording_allocates_nothing(string name)
    {
        using var cluster = new TestCluster(TestCluster.Plain, Eight);
        var strategy = StrategyList.Create(name, cluster.Registry);
        var recorder = new DecisionRecorder(64, cluster.Time);
        ulong[] chain = [1, 2, 3, 4, 5, 6, 7, 8];
        var left = new DestinationLoad("left");
        var least = long.MaxValue;
        for (var round = 0; round < 20; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 500; i++)
            {
                var slot = recorder.Begin()!;
                var (picked, _) = Pick(strategy, cluster, slot);
                slot.Decision.Destination = picked!.DestinationId;
                slot.Decision.Names = new DecisionNames("r", "chat", "llm", "m", name);
                slot.Decision.Mark(chain);
                slot.PassOver(left, PassedOver.Tried);
                new PublishedDecision(slot, slot.Publish()).Settle(DecisionOutcome.Followed("retried", 429, "rate_limited"));
                slot = recorder.Begin()!;
                new PublishedDecision(slot, slot.Publish()).Settle(new DecisionOutcome("ok", 200, 1, 1));
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void Ways_to_pick_are_counted_and_so_is_what_was_dearer_than_it_had_to_be()
    {
        using var cluster = new TestCluster(TestCluster.Plain with { Adaptive = new AdaptiveOptions { Holdout = 0.1, Exploration = 0 } }, "a", "b");
        var strategy = StrategyList.Create(Strategies.Adaptive, cluster.Registry);
        for (var i = 0; i < 10; i++)
        {
            Pick(strategy, cluster, null);
        }

        var memory = cluster.Registry.MemoryOf(cluster.State)!.Learned.Find<AdaptiveMemory>()!;
        Assert.Equal((10, 0, 0), (memory.Tally.Of(AdaptiveArms.PowerOfTwo), memory.Tally.Of(AdaptiveArms.Model), memory.Tally.Explorations));

        // By requests in flight b is as good as a; by tokens it is far dearer, and power of two goes by requests.
        cluster["a"].Load.Reserve();
        cluster["b"].Load.Reserve(new RequestWork(50_000, 1), cluster.Registry.Clock);
        var dear = Enumerable.Range(0, 100).Count(_ => Pick(strategy, cluster, null).Picked!.DestinationId == "b");
        Assert.InRange(dear, 20, 80);
        Assert.Equal((0, 110), (memory.Tally.Explorations, memory.Tally.Of(AdaptiveArms.PowerOfTwo)));
        for (var i = 0; i < ModelTrial.Cold; i++)
        {
            memory.Trial.Predicted(1, 1, 0);
        }

        // What is held out is picked by power of two, and half of it is dear.
        var held = Enumerable.Range(0, 1000).Count(_ => Pick(strategy, cluster, null).Picked!.DestinationId == "b");
        Assert.InRange(held, 40, 110);
        Assert.Equal(held, memory.Tally.Explorations);
    }
}
