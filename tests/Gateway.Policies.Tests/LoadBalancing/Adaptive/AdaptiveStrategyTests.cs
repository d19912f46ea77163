using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.Tests.Health;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Adaptive;

public sealed class AdaptiveStrategyTests
{
    private readonly DefaultHttpContext _http = new();

    /// <summary>Requests one after another; a destination answers a prompt of 400 tokens after what <paramref name="seconds"/> says, others in proportion, and longer the more it has in flight. What each note says is told.</summary>
    private List<(string Id, int Arm, bool IsHeldOut, double Propensity)> Serve(
        TestCluster cluster, int requests, Func<string, double> seconds, PriorityBand band = PriorityBand.Standard, int inFlight = 4)
    {
        var strategy = StrategyList.Create(Strategies.Adaptive, cluster.Registry);
        var picked = new List<(string, int, bool, double)>();
        var held = new Queue<(string Id, PickNote Note, HeldPlace Place, int Tokens)>();
        for (var i = 0; i < requests; i++)
        {
            var note = default(PickNote);
            var tokens = 100 + (i * 37 % 600);
            var request = new PickRequest(_http, new Client((ulong)i + 1, null, band, 1), ref note) { Model = 7, Work = new RequestWork(tokens, 20), UsualPrompt = 400 };
            var id = strategy.Pick(request, cluster.State, cluster.State.DestinationsState.AvailableDestinations)!.DestinationId;
            var place = default(HeldPlace);
            place.Take(cluster[id].Load, request.Work, cluster.Registry.Clock);
            picked.Add((id, note.Arm, note.IsHeldOut, note.Propensity));
            held.Enqueue((id, note, place, tokens * cluster[id].Load.InFlight));
            cluster.Time.Advance(TimeSpan.FromMilliseconds(20));
            if (held.Count > inFlight)
            {
                var (home, kept, left, asked) = held.Dequeue();
                kept.Answered(seconds(home) * asked / 400, cluster.Registry.Clock);
                left.Release(cluster.Registry.Clock);
            }
        }

        return picked;
    }

    private static TestCluster Cluster(AdaptiveOptions? options = null) =>
        new(new ClusterExtensions { Adaptive = options ?? new AdaptiveOptions() }, "a", "b", "c", "d");

    [Fact]
    public void At_first_it_is_power_of_two()
    {
        using var cluster = Cluster();
        var picked = Serve(cluster, ModelTrial.Cold, _ => 0.1, inFlight: 0);
        Assert.All(picked, pick => Assert.Equal((AdaptiveArms.PowerOfTwo, false, 1), (pick.Arm, pick.IsHeldOut, pick.Propensity)));
    }

    [Fact]
    public void Then_a_destination_found_slow_gets_little()
    {
        using var cluster = Cluster();
        Serve(cluster, 400, id => id == "a" ? 1 : 0.1);
        var picked = Serve(cluster, 2000, id => id == "a" ? 1 : 0.1);
        Assert.InRange(picked.Count(pick => pick.Id == "a"), 0, 100);
        Assert.All(new[] { "b", "c", "d" }, id => Assert.InRange(picked.Count(pick => pick.Id == id), 300, 1000));
    }

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(0.005, 0.005)]
    [InlineData(0.02, 0.0)]
    [InlineData(0.0, 0.02)]
    public void So_many_are_held_out_and_tried_and_no_more(double holdout, double exploration)
    {
        using var cluster = Cluster(new AdaptiveOptions { Holdout = holdout, Exploration = exploration });
        Serve(cluster, ModelTrial.Learned + 100, id => id == "a" ? 0.15 : 0.1);
        var picked = Serve(cluster, 10_000, id => id == "a" ? 0.15 : 0.1);
        var held = picked.Count(pick => pick.IsHeldOut);
        Assert.InRange(held / 10_000.0, holdout * 0.6, holdout * 1.4);
        var tried = picked.Where(pick => !pick.IsHeldOut && pick.Propensity < 1).ToList();
        Assert.InRange(tried.Count / 10_000.0, 0, exploration * 1.4);
        Assert.All(tried, pick => Assert.Equal(exploration, pick.Propensity));
    }

    [Fact]
    public void Nothing_is_tried_with_critical_requests()
    {
        using var cluster = Cluster(new AdaptiveOptions { Holdout = 0.1, Exploration = 0.1 });
        Serve(cluster, 200, _ => 0.1);
        Assert.DoesNotContain(Serve(cluster, 3000, _ => 0.1, PriorityBand.Critical), pick => pick.IsHeldOut || pick.Propensity < 1);
    }

    [Fact]
    public void A_conversation_stays_where_its_beginning_is_cached_until_that_is_dearer()
    {
        using var cluster = Cluster(new AdaptiveOptions { Holdout = 0, Exploration = 0 });
        Serve(cluster, 400, _ => 0.1);
        var strategy = StrategyList.Create(Strategies.Adaptive, cluster.Registry);
        ulong[] chain = [.. Enumerable.Range(1, 32).Select(i => (ulong)i * 0x9E3779B97F4A7C15)];
        var home = cluster["c"].Load;
        home.Prefix.Answered(home.Prefix.Send(chain), 520, 2080, 0);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Equal("c", Pick(), StringComparer.Ordinal));
        home.Reserve(new RequestWork(20_000, 10), cluster.Registry.Clock);
        Assert.False(string.Equals("c", Pick(), StringComparison.Ordinal));

        string Pick()
        {
            // The prompt has 32 blocks of 64 bytes; the rest of what is known of it does not matter here.
            var facts = new BlazeGateway.Policies.Inference.InferenceFacts { PromptBytes = 2080, Choices = 1 };
            var note = default(PickNote);
            var request = new PickRequest(_http, new Client(1, null, PriorityBand.Standard, 1), ref note, in facts)
            {
                Model = 7, Work = new RequestWork(520, 20), UsualPrompt = 520, Prefix = chain,
            };
            return strategy.Pick(request, cluster.State, cluster.State.DestinationsState.AvailableDestinations)!.DestinationId;
        }
    }

    [Fact]
    public void What_was_learned_outlives_a_reload()
    {
        using var cluster = Cluster(new AdaptiveOptions { Holdout = 0, Exploration = 0 });
        Serve(cluster, 600, id => id == "a" ? 1 : 0.1);
        cluster.Add("e");
        cluster.Registry.UpdateAllDestinations(cluster.State);
        var picked = Serve(cluster, 500, id => id == "a" ? 1 : 0.1);
        Assert.Contains("e", picked.Select(pick => pick.Id), StringComparer.Ordinal);
        Assert.InRange(picked.Count(pick => pick.Id == "a"), 0, 25);
    }
}
