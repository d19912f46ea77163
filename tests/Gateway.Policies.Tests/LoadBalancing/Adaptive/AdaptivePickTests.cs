using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.Tests.Health;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Adaptive;

/// <summary>What a pick keeps of itself, and what it costs.</summary>
public sealed class AdaptivePickTests
{
    private static TestCluster Cluster(int destinations, AdaptiveOptions? options = null) =>
        new(new ClusterExtensions { Adaptive = options ?? new AdaptiveOptions() }, [.. Enumerable.Range(0, destinations).Select(i => "d" + i)]);

    /// <summary>Nothing is compared or learned where there is nothing to choose.</summary>
    [Fact]
    public void One_destination_alone_is_picked_as_long_as_it_is_open()
    {
        using var cluster = Cluster(1);
        var strategy = StrategyList.Create(Strategies.Adaptive, cluster.Registry);
        var note = default(PickNote);
        DestinationState? Pick() => strategy.Pick(new PickRequest(new DefaultHttpContext(), default, ref note), cluster.State, cluster.State.DestinationsState.AvailableDestinations);
        Assert.Equal("d0", Pick()!.DestinationId);
        Assert.False(note.IsKept);
        Assert.Null(cluster.Registry.MemoryOf(cluster.State)!.Learned.Find<AdaptiveMemory>());
        cluster["d0"].Load.MaxInFlight = 0;
        Assert.Null(Pick());
    }

    /// <summary>64 destinations are looked at one by one, of 65 some are drawn.</summary>
    [Theory]
    [InlineData(8, 0)]
    [InlineData(64, 256)]
    [InlineData(65, 0)]
    [InlineData(65, 256)]
    public void A_pick_that_is_followed_and_its_answer_allocate_nothing(int destinations, int blocks)
    {
        using var cluster = Cluster(destinations, new AdaptiveOptions { Holdout = 0.1, Exploration = 0.1 });
        var strategy = StrategyList.Create(Strategies.Adaptive, cluster.Registry);
        var http = new DefaultHttpContext();
        var facts = new InferenceFacts { PromptBytes = 64 * Math.Max(1, blocks), Choices = 1 };
        ulong[] chain = [.. Enumerable.Range(1, blocks).Select(i => (ulong)i * 0x9E3779B97F4A7C15)];
        for (var i = 0; i < destinations && blocks > 0; i += 8)
        {
            cluster["d" + i].Load.Prefix.Send(chain.AsSpan(0, 150));
        }

        var note = default(PickNote);
        var least = long.MaxValue;
        for (var round = 0; round < 6 && least > 0; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 2000; i++)
            {
                var request = new PickRequest(http, new Client((ulong)i + 1, null, PriorityBand.Standard, 1), ref note, in facts)
                {
                    Model = 7, Work = new RequestWork(4096, 20), UsualPrompt = 4096, Prefix = chain,
                };
                _ = strategy.Pick(request, cluster.State, cluster.State.DestinationsState.AvailableDestinations);
                note.Answered(0.1, cluster.Registry.Clock);
                note.ChunksCame(0.02);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void A_note_says_why_it_was_picked_and_how_much_dearer_than_the_least_it_is()
    {
        using var cluster = Cluster(4, new AdaptiveOptions { Holdout = 0.1, Exploration = 0.1 });
        var strategy = StrategyList.Create(Strategies.Adaptive, cluster.Registry);
        cluster["d0"].Load.Reserve(new RequestWork(300, 10), cluster.Registry.Clock);
        var seen = new List<(PickReason Reason, double Ratio)>();
        for (var i = 0; i < 6000; i++)
        {
            var note = default(PickNote);
            var request = new PickRequest(new DefaultHttpContext(), new Client((ulong)i + 1, null, PriorityBand.Standard, 1), ref note) { Model = 7, Work = new RequestWork(1000, 20), UsualPrompt = 400 };
            _ = strategy.Pick(request, cluster.State, cluster.State.DestinationsState.AvailableDestinations);
            note.Answered(note.Predicted * (0.9 + (i % 10 * 0.02)), cluster.Registry.Clock);
            seen.Add((note.Reason, note.Ratio));
        }

        Assert.Equal(ModelTrial.Cold, seen.Count(pick => pick.Reason == PickReason.Cold));
        Assert.All(seen, pick => Assert.True(pick.Ratio >= 1));
        Assert.All(seen.Where(pick => pick.Reason == PickReason.Cheap), pick => Assert.InRange(pick.Ratio, 1, CostScan.Dearer));
        Assert.All(seen.Where(pick => pick.Reason == PickReason.Tried), pick => Assert.InRange(pick.Ratio, CostScan.Dearer, CostScan.Dearest));

        // While it learns, half as many again are held out; the last thousand are after that.
        Assert.InRange(seen.Take(ModelTrial.Learned).Count(pick => pick.Reason == PickReason.HeldOut) / (double)ModelTrial.Learned, 0.13, 0.17);
        Assert.InRange(seen.Skip(ModelTrial.Learned).Count(pick => pick.Reason == PickReason.HeldOut) / 1000.0, 0.07, 0.13);
    }
}
