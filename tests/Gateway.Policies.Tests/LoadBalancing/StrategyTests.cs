using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Tests.Health;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>The strategies over YARP's destinations: weights, room, easing in, candidates that change, and places given back once.</summary>
public sealed class StrategyTests
{
    public static TheoryData<string> Names => [.. StrategyList.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void None_without_candidates_and_the_only_one_of_one(string name)
    {
        using var cluster = new TestCluster(new ClusterExtensions(), "a", "b");
        var strategy = StrategyList.Create(name, cluster.Registry);
        Assert.Null(Pick(strategy, cluster, []));
        Assert.Equal("b", Pick(strategy, cluster, [cluster.State.Destinations["b"]])!.DestinationId);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_weight_of_nothing_and_a_full_destination_are_passed_over(string name)
    {
        using var cluster = new TestCluster(new ClusterExtensions { Weights = { ["a"] = 0 }, Capacity = { ["b"] = 2, ["*"] = 3 } }, "a", "b", "c");
        var strategy = StrategyList.Create(name, cluster.Registry);
        var picked = Reserve(strategy, cluster, 5);
        Assert.Equal((0, 2, 3), (picked.GetValueOrDefault("a"), picked.GetValueOrDefault("b"), picked.GetValueOrDefault("c")));
        Assert.Null(Pick(strategy, cluster));
        cluster["b"].Load.Release();
        Assert.Equal("b", Pick(strategy, cluster)!.DestinationId);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_ejected_destination_is_no_candidate_and_returns(string name)
    {
        using var cluster = new TestCluster(new ClusterExtensions(), "a", "b", "c");
        var strategy = StrategyList.Create(name, cluster.Registry);
        cluster.Attempt("b", AttemptOutcome.ConnectRefused);
        Assert.DoesNotContain("b", Enumerable.Range(0, 100).Select(i => Pick(strategy, cluster, key: i)!.DestinationId), StringComparer.Ordinal);
        cluster.Advance(11.1);
        cluster.Probe("b", ProbeFindingKind.Alive, 2);
        Assert.Contains("b", Enumerable.Range(0, 1000).Select(i => Pick(strategy, cluster, key: i)!.DestinationId), StringComparer.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Some_of_the_candidates_are_picked_among_as_all_are(string name)
    {
        using var cluster = new TestCluster(new ClusterExtensions { Weights = { ["a"] = 2 } }, "a", "b", "c");
        var strategy = StrategyList.Create(name, cluster.Registry);
        IReadOnlyList<DestinationState> some = [cluster.State.Destinations["c"], cluster.State.Destinations["a"]];
        var seen = Enumerable.Range(0, 300).Select(i =>
        {
            var picked = Pick(strategy, cluster, some, i)!.DestinationId;
            cluster[picked].Load.Reserve();
            return picked;
        }).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        Assert.Equal(["a", "c"], seen, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(Strategies.LeastConnections)]
    [InlineData(Strategies.PowerOfTwoChoices)]
    [InlineData(Strategies.WeightedRoundRobin)]
    [InlineData(Strategies.LeastResponseTime)]
    public void Shares_follow_the_weights_under_load(string name)
    {
        using var cluster = new TestCluster(new ClusterExtensions { Weights = { ["a"] = 5, ["b"] = 3 } }, "a", "b", "c");
        var strategy = StrategyList.Create(name, cluster.Registry);
        var (counts, running) = (new Dictionary<string, int>(StringComparer.Ordinal), new Queue<string>());
        for (var i = 0; i < 20_000; i++)
        {
            var id = Pick(strategy, cluster)!.DestinationId;
            counts[id] = counts.GetValueOrDefault(id) + 1;
            cluster[id].Load.Reserve();
            running.Enqueue(id);
            if (running.Count > 90)
            {
                cluster[running.Dequeue()].Load.Release();
            }
        }

        Assert.InRange(counts["a"] / 20_000.0, 0.50, 0.62);
        Assert.InRange(counts["b"] / 20_000.0, 0.29, 0.38);
        Assert.InRange(counts["c"] / 20_000.0, 0.08, 0.15);
    }

    [Theory]
    [InlineData(Strategies.RoundRobin)]
    [InlineData(Strategies.WeightedRoundRobin)]
    [InlineData(Strategies.LeastConnections)]
    [InlineData(Strategies.PowerOfTwoChoices)]
    [InlineData(Strategies.LeastResponseTime)]
    public void One_that_is_eased_in_gets_its_part(string name)
    {
        using var cluster = new TestCluster(new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = "vllm" } }, "a", "b");
        var strategy = StrategyList.Create(name, cluster.Registry);
        cluster.Add("c");
        cluster.Registry.UpdateAllDestinations(cluster.State);
        Assert.True(cluster["c"].Word.IsSlow);
        cluster.Advance(6);
        var counts = Reserve(strategy, cluster, 2200);
        Assert.InRange(counts["c"], 160, 240);
    }

    [Theory]
    [InlineData(Strategies.RoundRobin, 1)]
    [InlineData(Strategies.WeightedRoundRobin, 3)]
    public void Lists_that_alternate_starve_nobody_and_leave_the_turns_of_all_alone(string name, int weight)
    {
        using var cluster = new TestCluster(new ClusterExtensions { Weights = { ["a"] = weight } }, "a", "b", "c");
        var strategy = StrategyList.Create(name, cluster.Registry);
        var (a, b, c) = (cluster.State.Destinations["a"], cluster.State.Destinations["b"], cluster.State.Destinations["c"]);
        var (some, whole) = (new Dictionary<string, int>(StringComparer.Ordinal), new Dictionary<string, int>(StringComparer.Ordinal));
        for (var i = 0; i < 3000; i++)
        {
            Count(some, Pick(strategy, cluster, [a, c])!);
            Count(some, Pick(strategy, cluster, [b, c])!);
            Pick(strategy, cluster, [b]);
            Count(whole, Pick(strategy, cluster)!);
        }

        Assert.InRange(some["a"], 2850 * weight / (weight + 1), 3150 * weight / (weight + 1));
        Assert.InRange(some["b"], 1350, 1650);
        Assert.Equal((3000 * weight / (weight + 2), 3000 / (weight + 2)), (whole["a"], whole["b"]));

        static void Count(Dictionary<string, int> counts, DestinationState picked) => counts[picked.DestinationId] = counts.GetValueOrDefault(picked.DestinationId) + 1;
    }

    [Fact]
    public void Easing_in_goes_on_where_some_only_may_be_picked()
    {
        using var cluster = new TestCluster(new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = "vllm" } }, "a", "b");
        var strategy = StrategyList.Create(Strategies.WeightedRoundRobin, cluster.Registry);
        cluster.Add("c");
        cluster.Registry.UpdateAllDestinations(cluster.State);
        cluster.Advance(24);
        IReadOnlyList<DestinationState> some = [cluster.State.Destinations["a"], cluster.State.Destinations["c"]];
        var share = Enumerable.Range(0, 3000).Count(i => Pick(strategy, cluster, some, i)!.DestinationId == "c") / 3000.0;
        Assert.Equal(0.8 / 1.8, share, 0.04);
    }

    [Fact]
    public void A_client_with_a_name_is_placed_by_it_in_every_process()
    {
        using var cluster = new TestCluster(new ClusterExtensions(), "a", "b", "c", "d");
        var strategy = StrategyList.Create(Strategies.ConsistentHash, cluster.Registry);
        string Home(ulong id, string? name) => strategy.Pick(
            new PickRequest(new DefaultHttpContext(), new Client(id, name, PriorityBand.Standard, 1)), cluster.State, cluster.State.DestinationsState.AvailableDestinations)!.DestinationId;
        Assert.Single(Enumerable.Range(1, 50).Select(id => Home((ulong)id, "team-red")).Distinct(StringComparer.Ordinal));
        Assert.NotEqual(1, Enumerable.Range(1, 50).Select(id => Home((ulong)id, null)).Distinct(StringComparer.Ordinal).Count());
    }

    /// <summary>Adaptive asks both; the one must not move the other's turn.</summary>
    [Fact]
    public void The_two_that_go_round_have_a_turn_each()
    {
        using var cluster = new TestCluster(new ClusterExtensions { Weights = new(StringComparer.Ordinal) { ["a"] = 60, ["b"] = 10, ["c"] = 10, ["d"] = 10, ["e"] = 10 } }, "a", "b", "c", "d", "e");
        var (round, weighted) = (StrategyList.Create(Strategies.RoundRobin, cluster.Registry), StrategyList.Create(Strategies.WeightedRoundRobin, cluster.Registry));
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < 1000; i++)
        {
            var id = Pick(round, cluster, key: i)!.DestinationId;
            counts[id] = counts.GetValueOrDefault(id) + 1;
            Pick(weighted, cluster, key: i);
        }

        Assert.All(counts.Values, count => Assert.Equal(200, count));
        Assert.Equal(5, counts.Count);
    }

    [Fact]
    public void What_is_slow_to_answer_gets_less_and_what_fails_at_once_does_not_look_quick()
    {
        using var cluster = new TestCluster(new ClusterExtensions(), "a", "b", "c");
        var strategy = StrategyList.Create(Strategies.LeastResponseTime, cluster.Registry);
        cluster["a"].Load.Times.Of(0).FirstChunk.Add(0.1, cluster.Registry.Clock);
        cluster["b"].Load.Times.Of(0).FirstChunk.Add(0.4, cluster.Registry.Clock);
        cluster["c"].Load.Times.Of(0).FirstChunk.Add(5, cluster.Registry.Clock);
        var counts = Reserve(strategy, cluster, 100);
        Assert.InRange(counts["a"], 75, 85);
        Assert.InRange(counts["b"], 15, 25);
        Assert.InRange(counts.GetValueOrDefault("c"), 0, 3);
    }

    [Fact]
    public void A_key_stays_where_it_is()
    {
        using var cluster = new TestCluster(new ClusterExtensions { Hash = new HashOptions { Keys = ["header:X-Session"] } }, "a", "b", "c", "d");
        var strategy = StrategyList.Create(Strategies.ConsistentHash, cluster.Registry);
        var homes = Enumerable.Range(0, 200).Select(i => Pick(strategy, cluster, key: i)!.DestinationId).ToArray();
        Assert.Equal(4, homes.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(homes, Enumerable.Range(0, 200).Select(i => Pick(strategy, cluster, key: i)!.DestinationId), StringComparer.Ordinal);
        cluster.Attempt("b", AttemptOutcome.ConnectRefused);
        var without = Enumerable.Range(0, 200).Select(i => Pick(strategy, cluster, key: i)!.DestinationId).ToArray();
        Assert.All(homes.Zip(without), pair => Assert.True(pair.First == pair.Second || pair.First == "b"));
        cluster.Advance(11.1);
        cluster.Probe("b", ProbeFindingKind.Alive, 2);
        Assert.Equal(homes, Enumerable.Range(0, 200).Select(i => Pick(strategy, cluster, key: i)!.DestinationId), StringComparer.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_pick_allocates_nothing(string name)
    {
        using var cluster = new TestCluster(new ClusterExtensions { Weights = { ["a"] = 3 } }, "a", "b", "c", "d");
        var strategy = StrategyList.Create(name, cluster.Registry);
        var http = new DefaultHttpContext();
        IReadOnlyList<DestinationState> some = [cluster.State.Destinations["c"], cluster.State.Destinations["a"]];
        for (var round = 0; ; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                _ = strategy.Pick(new PickRequest(http, new Client((ulong)i, null, PriorityBand.Standard, 1)), cluster.State, cluster.State.DestinationsState.AvailableDestinations);
                _ = strategy.Pick(new PickRequest(http, new Client((ulong)i, null, PriorityBand.Standard, 1)), cluster.State, some);
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (round == 2)
            {
                Assert.Equal(0, allocated);
                return;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Eight_threads_leave_exact_counts(string name)
    {
        using var cluster = new TestCluster(new ClusterExtensions { Capacity = { ["*"] = 1000 } }, "a", "b", "c", "d");
        var strategy = StrategyList.Create(name, cluster.Registry);
        var picked = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, thread =>
        {
            var http = new DefaultHttpContext();
            for (var i = 0; i < 5000; i++)
            {
                if (strategy.Pick(new PickRequest(http, new Client((ulong)((thread * 5000) + i), null, PriorityBand.Standard, 1)), cluster.State, cluster.State.DestinationsState.AvailableDestinations) is { } destination)
                {
                    var load = cluster.Registry.Of(destination).Load;
                    load.Reserve();
                    Interlocked.Increment(ref picked);
                    load.Release();
                }
            }
        });
        Assert.Equal(40_000, picked);
        Assert.All(cluster.State.Destinations.Values, destination => Assert.Equal(0, cluster.Registry.Of(destination).Load.InFlight));
    }

    private static DestinationState? Pick(Strategy strategy, TestCluster cluster, IReadOnlyList<DestinationState>? among = null, int key = 0)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers["X-Session"] = "session-" + key;
        return strategy.Pick(new PickRequest(http, new Client((ulong)key + 1, null, PriorityBand.Standard, 1)), cluster.State, among ?? cluster.State.DestinationsState.AvailableDestinations);
    }

    private static Dictionary<string, int> Reserve(Strategy strategy, TestCluster cluster, int times)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < times; i++)
        {
            var id = Pick(strategy, cluster, key: i)!.DestinationId;
            counts[id] = counts.GetValueOrDefault(id) + 1;
            cluster[id].Load.Reserve(default, cluster.Registry.Clock);
        }

        return counts;
    }
}
