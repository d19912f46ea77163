using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Continuation;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using static BlazeGateway.Policies.Tests.Pipeline.ReserveScene;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What is kept for critical requests, together with the other bounds of a cluster.</summary>
public class CriticalReserveEdgeTests
{
    /// <summary>Of a destination whose tokens are bounded it is known of one place only that it is free; that is no sign that the others are taken.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Bounded_tokens_leave_places_to_everybody(int destinations)
    {
        await using var scene = await StartAsync(Of(0.25, 8, tokens: 100_000), destinations);
        var (callers, exchanges) = (new List<Caller>(), new List<Exchange>());
        for (var i = 0; i < 6 * destinations; i++)
        {
            callers.Add(await SendAsync(scene, "standard"));
            exchanges.Add(await BeginsAsync(scene, "standard"));
        }

        var waits = await SendAsync(scene, "standard");
        await WaitingAsync(scene, 1);
        var critical = await SendAsync(scene, "critical");
        await EndAsync(critical, await BeginsAsync(scene, "critical"));
        await EndAsync(callers[0], exchanges[0]);
        await EndAsync(waits, await BeginsAsync(scene, "standard"));
        for (var i = 1; i < callers.Count; i++)
        {
            await EndAsync(callers[i], exchanges[i]);
        }

        await scene.RestAsync();
    }

    [Fact]
    public async Task Requests_for_several_models_share_what_is_not_kept()
    {
        await using var scene = await StartAsync(Of(0.25, 8));
        var (callers, exchanges) = (new List<Caller>(), new Queue<Exchange>());
        for (var i = 0; i < 6; i++)
        {
            callers.Add(await SendAsync(scene, "standard"));
            exchanges.Enqueue(await BeginsAsync(scene, "standard"));
        }

        for (var i = 0; i < 4; i++)
        {
            callers.Add(await SendAsync(scene, "standard", "model" + i));
            await WaitingAsync(scene, i + 1);
        }

        await exchanges.Dequeue().AnswerAsync(FailoverScene.Answer);
        exchanges.Enqueue(await BeginsAsync(scene, "standard"));
        for (var i = 0; i < 2; i++)
        {
            callers.Add(await SendAsync(scene, "critical"));
            exchanges.Enqueue(await BeginsAsync(scene, "critical"));
        }

        Assert.Equal(3, Report(scene).Waiting["standard"]);
        await EndAllAsync(scene, callers, exchanges);
    }

    /// <summary>Several places come at once while a critical request waits too: it takes one, and what is kept stays kept.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Room_that_comes_at_once_is_kept_in_part(bool waitsCritical)
    {
        await using var scene = await StartAsync(Of(0.25, 2));
        var (callers, exchanges) = (new List<Caller>(), new Queue<Exchange>());
        foreach (var band in new[] { "standard", "critical" })
        {
            callers.Add(await SendAsync(scene, band));
            exchanges.Enqueue(await BeginsAsync(scene, band));
        }

        for (var i = 0; i < 10; i++)
        {
            callers.Add(await SendAsync(scene, "standard"));
            await WaitingAsync(scene, i + 1);
        }

        if (waitsCritical)
        {
            callers.Add(await SendAsync(scene, "critical"));
            await WaitingAsync(scene, 11);
        }

        scene.Host.Update(
            [WireHost.Route("all", new RouteExtensions { Inference = true })],
            [ExtensionsCarrier.Attach(WireHost.Cluster("llm", scene.Destinations[0].Address) with { LoadBalancingPolicy = "RoundRobin" }, Of(0.25, 8))]);
        scene.Host.Time.Advance(TimeSpan.FromMilliseconds(60));
        for (var i = 0; i < 4; i++)
        {
            exchanges.Enqueue((await scene.NextAsync()).Exchange);
        }

        await WaitingAsync(scene, waitsCritical ? 7 : 6);
        for (var i = 0; i < 2; i++)
        {
            callers.Add(await SendAsync(scene, "critical"));
            exchanges.Enqueue(await BeginsAsync(scene, "critical"));
        }

        await EndAllAsync(scene, callers, exchanges);
    }

    /// <summary>The permit a request holds is not one that others took.</summary>
    [Fact]
    public async Task A_retry_keeps_the_permit_it_has()
    {
        await using var scene = await StartAsync(Of(0.25, inFlight: 4, limit: 0), 2);
        var (callers, exchanges) = (new List<Caller>(), new Queue<Exchange>());
        for (var i = 0; i < 3; i++)
        {
            callers.Add(await SendAsync(scene, "standard"));
            exchanges.Enqueue(await BeginsAsync(scene, "standard"));
        }

        await exchanges.Dequeue().AnswerAsync("busy", "text/plain", "503 Busy");
        exchanges.Enqueue(await BeginsAsync(scene, "standard"));
        await EndAllAsync(scene, callers, exchanges);
        Assert.Equal("2", callers[0].Header("X-Blaze-Attempts"));
    }

    [Fact]
    public async Task A_stream_that_breaks_goes_on_with_the_permit_it_has()
    {
        await using var scene = await ContinuationScene.StartAsync(cluster: ContinuationScene.Cluster with { Admission = new() { MaxInFlight = 2, CriticalReserve = 0.25, QueueLimit = 0 } });
        var (caller, exchange) = await scene.BeginAsync(ContinuationScene.Role() + ContinuationScene.Text("Hel"));
        exchange.Reset();
        var (again, _) = await scene.AskedAsync();
        await again.BeginEventsAsync();
        await again.ChunkAsync(ContinuationScene.Role("second") + ContinuationScene.Text("lo", "second") + ContinuationScene.Finish("second") + "data: [DONE]\n\n");
        await again.EndAsync();
        Assert.Contains("[DONE]", (await caller.EndAsync().Soon()).Text, StringComparison.Ordinal);
        await caller.DisposeAsync();
    }

    /// <summary>YARP's own policies know no room on destinations, so that none is kept there either.</summary>
    [Theory]
    [InlineData(0.0)]
    [InlineData(0.25)]
    public async Task Capacity_is_nothing_to_who_does_not_pick_by_it(double reserve)
    {
        await using var scene = await StartAsync(Of(reserve, 1, inFlight: 4), 2, "Random");
        var most = reserve > 0 ? 3 : 4;
        var (callers, exchanges) = (new List<Caller>(), new Queue<Exchange>());
        for (var i = 0; i < most; i++)
        {
            callers.Add(await SendAsync(scene, "standard"));
            exchanges.Enqueue(await BeginsAsync(scene, "standard"));
        }

        callers.Add(await SendAsync(scene, "standard"));
        await WaitingAsync(scene, 1);
        await exchanges.Dequeue().AnswerAsync(FailoverScene.Answer);
        exchanges.Enqueue(await BeginsAsync(scene, "standard"));
        await EndAllAsync(scene, callers, exchanges);
    }

    /// <summary>As many in flight as others than critical ones may have: the limit is reached, and may rise.</summary>
    [Theory]
    [InlineData(15, true)]
    [InlineData(14, false)]
    public async Task A_learned_limit_is_reached_without_what_is_kept(int inFlight, bool rises)
    {
        var cluster = FailoverScene.Calm with { Admission = new() { Adaptive = true, CriticalReserve = 0.25 } };
        await using var scene = await StartAsync(cluster);
        await EndAsync(await SendAsync(scene, "standard"), await BeginsAsync(scene, "standard"));
        await scene.RestAsync();
        var admission = scene.Host.Get<Admissions>().Of(scene.Host.Cluster("llm"));
        var load = scene.Host.Get<AvailabilityRegistry>().Of(scene.Host.Cluster("llm").Destinations["d0"]).Load;
        for (var i = 0; i < inFlight; i++)
        {
            Assert.True(load.TryReserve(default, TimeSpan.Zero));
        }

        for (var i = 0; i < 60; i++)
        {
            admission.FirstChunk(load, TimeSpan.FromSeconds(0.2 * i), 0.1);
        }

        Assert.Equal(rises, load.AdaptiveLimit > 20);
    }

    /// <summary>The bounds of its cluster go while it is there; the permit of that one is none of the next.</summary>
    [Fact]
    public async Task A_permit_is_given_back_when_the_bounds_of_its_cluster_go()
    {
        await using var big = new ScriptedDestination();
        await using var small = new ScriptedDestination();
        var route = WireHost.Route("all", new() { Inference = true, Models = new(StringComparer.Ordinal) { ["big"] = new() { Cluster = "big", Fallback = ["small"] }, ["small"] = new() { Cluster = "small" } } }, "big");
        await using var host = await WireHost.StartAsync([route], [Cluster("big", big, 1), Cluster("small", small, 1)]);
        await using var one = await host.CallAsync("HTTP/1.1");
        await one.SendAsync(Scene.Chat, Body("small"));
        var busy = await small.NextAsync();
        await using var two = await host.CallAsync("HTTP/1.1");
        await two.SendAsync(Scene.Chat, Body("big"));
        var first = await big.NextAsync();
        var before = host.Cluster("big").Model;
        host.Update([route], [Cluster("big", big, null), Cluster("small", small, 1)]);
        await Waiting.UntilAsync(() => host.Cluster("big").Model != before, () => "The configuration was not taken.");
        await first.AnswerAsync("busy", "text/plain", "503 Busy");
        var admissions = host.Get<Admissions>();
        await Waiting.UntilAsync(() => admissions.Waiting == 1, () => $"{admissions.Waiting} wait, not 1.");
        await busy.AnswerAsync(FailoverScene.Answer);
        await (await small.NextAsync()).AnswerAsync(FailoverScene.Answer);
        await EndsAsync(one);
        await EndsAsync(two);
        await host.RestAsync(2);
    }

    private static byte[] Body(string model) => System.Text.Encoding.UTF8.GetBytes($$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi"}]}""");

    private static Yarp.ReverseProxy.Configuration.ClusterConfig Cluster(string id, ScriptedDestination destination, int? most) =>
        ExtensionsCarrier.Attach(WireHost.Cluster(id, destination.Address), FailoverScene.Calm with { Admission = new() { MaxInFlight = most } });

    /// <summary>Answers those that are there and those that come after, and ends all well.</summary>
    private static async Task EndAllAsync(FailoverScene scene, List<Caller> callers, Queue<Exchange> exchanges)
    {
        foreach (var exchange in exchanges)
        {
            await exchange.AnswerAsync(FailoverScene.Answer);
        }

        var ends = Task.WhenAll(callers.Select(EndsAsync));
        while (!ends.IsCompleted)
        {
            await Waiting.UntilAsync(() => ends.IsCompleted || Array.Exists(scene.Destinations, one => one.HasWaiting), () => "Some neither begin nor end.");
            if (!ends.IsCompleted)
            {
                await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
            }
        }

        await ends;
        await scene.RestAsync();
        Assert.Equal((0, 0), (scene.Host.Get<Admissions>().Waiting, scene.Host.Get<Admissions>().Granted));
    }
}
