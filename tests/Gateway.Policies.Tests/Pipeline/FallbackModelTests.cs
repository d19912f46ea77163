using System.Text;
using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.RateLimiting;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Where no destination of a model is left for a request, another model answers, if the route names one.</summary>
public sealed class FallbackModelTests : IAsyncLifetime
{
    private static readonly RouteExtensions Route = new()
    {
        Inference = true,
        Models = new(StringComparer.Ordinal)
        {
            ["big"] = new() { Cluster = "big", Fallback = ["middle", "small"] },
            ["middle"] = new() { Cluster = "middle", Rewrite = "middle-7b" },
            ["small"] = new() { Cluster = "small" },
        },
    };

    private readonly ScriptedDestination _small = new();
    private WireHost _host = null!;
    private int _sent;

    public async ValueTask InitializeAsync() => _host = await WireHost.StartAsync(
        [WireHost.Route("all", Route, "big")],
        [
            ExtensionsCarrier.Attach(WireHost.Cluster("big", FailoverScene.Dead()), FailoverScene.Calm),
            ExtensionsCarrier.Attach(WireHost.Cluster("middle", FailoverScene.Dead()), FailoverScene.Calm),
            ExtensionsCarrier.Attach(WireHost.Cluster("small", _small.Address), FailoverScene.Calm),
        ]);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _small.DisposeAsync();
    }

    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task The_next_model_is_asked_under_its_own_name(string protocol)
    {
        await using var caller = await SendAsync("big", protocol);
        var exchange = await _small.NextAsync();
        Assert.Equal(Body("small"), Encoding.UTF8.GetString(await exchange.Body));
        await exchange.AnswerAsync(FailoverScene.Answer);
        await caller.HeadAsync();
        Assert.Equal((200, "3"), (caller.Status, caller.Header("X-Blaze-Attempts")));
        await caller.EndAsync();
        await _host.RestAsync(_sent);
        Assert.Equal(("small", "big", 3), (_host.Records.Last.Cluster, _host.Records.Last.Model, _host.Records.Last.Attempts));
    }

    [Fact]
    public async Task The_last_model_has_nobody_behind_it()
    {
        await using var caller = await SendAsync("middle", "HTTP/1.1");
        await caller.HeadAsync();
        Assert.Equal((502, "upstream_connect_failed"), (caller.Status, caller.Header("X-Blaze-Error")));
        await _host.RestAsync(_sent);
    }

    [Fact]
    public async Task Models_count_among_the_attempts()
    {
        await using var other = await WireHost.StartAsync(
            [WireHost.Route("all", Route with { Retry = new() { MaxAttempts = 2 } }, "big")],
            [
                ExtensionsCarrier.Attach(WireHost.Cluster("big", FailoverScene.Dead()), FailoverScene.Calm),
                ExtensionsCarrier.Attach(WireHost.Cluster("middle", FailoverScene.Dead()), FailoverScene.Calm),
                ExtensionsCarrier.Attach(WireHost.Cluster("small", _small.Address), FailoverScene.Calm),
            ]);
        await using var caller = await other.CallAsync("HTTP/1.1");
        await caller.SendAsync(Scene.Chat, Encoding.UTF8.GetBytes(Body("big")));
        await caller.HeadAsync();
        Assert.Equal((502, "2"), (caller.Status, caller.Header("X-Blaze-Attempts")));
        await other.RestAsync(1);
        Assert.Equal(Outcome.BackendError, other.Records.Last.Outcome);
    }

    [Fact]
    public async Task A_request_that_went_on_to_another_model_leaves_its_place_in_the_cluster_of_the_first()
    {
        await using var big = new ScriptedDestination();
        var bounded = FailoverScene.Calm with { Admission = new() { MaxInFlight = 1 } };
        await using var other = await WireHost.StartAsync(
            [WireHost.Route("all", Route, "big")],
            [
                ExtensionsCarrier.Attach(WireHost.Cluster("big", big.Address), bounded),
                ExtensionsCarrier.Attach(WireHost.Cluster("middle", FailoverScene.Dead()), bounded),
                ExtensionsCarrier.Attach(WireHost.Cluster("small", _small.Address), bounded),
            ]);
        await using var first = await other.CallAsync("HTTP/1.1");
        await first.SendAsync(Scene.Chat, Encoding.UTF8.GetBytes(Body("big")));
        await (await big.NextAsync()).AnswerAsync("busy", "text/plain", "503 Busy");
        var waits = await _small.NextAsync();
        Assert.Equal(1, other.Get<PermitTable>().Taken);

        await using var second = await other.CallAsync("HTTP/1.1");
        await second.SendAsync(Scene.Chat, Encoding.UTF8.GetBytes(Body("big")));
        await (await big.NextAsync()).AnswerAsync(FailoverScene.Answer);
        await second.HeadAsync();
        Assert.Equal((200, null), (second.Status, second.Header("X-Blaze-Attempts")));
        await waits.AnswerAsync(FailoverScene.Answer);
        await first.HeadAsync();
        Assert.Equal((200, "3"), (first.Status, first.Header("X-Blaze-Attempts")));
        await first.EndAsync();
        await second.EndAsync();
        await other.RestAsync(2);
    }

    /// <summary>It was told that it may begin, found the place taken, and goes on to another model whose cluster has a queue of its own.</summary>
    [Fact]
    public void A_turn_in_the_queue_of_the_first_model_goes_to_somebody_else()
    {
        Assert.True(_host.Get<IProxyStateLookup>().TryGetRoute("all", out var route));
        var plan = _host.Get<PlanCache>().For(route);
        var context = new RequestContext(_host.Get<BodyBudget>(), _host.Time, _host.Get<Failover>());
        context.Begin(new DefaultHttpContext(), plan);
        context.History.Fallbacks = plan.Models.Find("big")!.Fallbacks;
        var queue = new AdmissionQueue(_host.Time, static () => 1, static _ => Outlook.Open) { Limits = new QueueLimits(10, 1000) };
        context.Waiting = queue.TryEnter(new WaitTicket(PriorityBand.Standard, 0, 0, long.MaxValue), context);
        Assert.Equal(1, queue.Granted);
        Assert.Equal("middle", _host.Get<Failover>().NextModel(context)?.ClusterId);
        Assert.Equal((null, false, 0), (context.Waiting, queue.IsWaited, queue.Granted));
        context.End();
    }

    /// <summary>One waits for the busy destination because the other one refused it; who comes then does not need the busy one.</summary>
    [Fact]
    public async Task Who_could_begin_at_once_asks_no_other_model_because_others_wait()
    {
        var route = Route with { Models = new(StringComparer.Ordinal)
        {
            ["only"] = new() { Cluster = "llm" },
            ["big"] = new() { Cluster = "llm", Fallback = ["small"] },
            ["small"] = new() { Cluster = "llm" },
        } };
        await using var scene = await FailoverScene.StartAsync(2, route, FailoverScene.Calm with { Capacity = new(StringComparer.OrdinalIgnoreCase) { ["*"] = 1 } });
        await using var first = await scene.SendAsync(Encoding.UTF8.GetBytes(Body("only")));
        var (busy, _) = await scene.NextAsync();
        await using var refused = await scene.SendAsync(Encoding.UTF8.GetBytes(Body("only")));
        await (await scene.NextAsync()).Exchange.AnswerAsync("busy", "text/plain", "503 Busy");
        var admissions = scene.Host.Get<Admissions>();
        await Waiting.UntilAsync(() => admissions.Waiting == 1, () => $"{admissions.Waiting} wait, not 1.");

        await using var passes = await scene.SendAsync(Encoding.UTF8.GetBytes(Body("big")));
        var (exchange, _) = await scene.NextAsync();
        Assert.Equal(Body("big"), Encoding.UTF8.GetString(await exchange.Body));

        // Now both are busy: the next one does ask the other model, and waits for it where all are full.
        await using var waits = await scene.SendAsync(Encoding.UTF8.GetBytes(Body("big")));
        await Waiting.UntilAsync(() => admissions.Waiting == 2, () => $"{admissions.Waiting} wait, not 2.");
        await exchange.AnswerAsync(FailoverScene.Answer);
        var (last, _) = await scene.NextAsync();
        Assert.Equal(Body("small"), Encoding.UTF8.GetString(await last.Body));
        await last.AnswerAsync(FailoverScene.Answer);
        await busy.AnswerAsync(FailoverScene.Answer);
        await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        foreach (var caller in new[] { first, refused, passes, waits })
        {
            await caller.HeadAsync().Soon();
            await caller.EndAsync().Soon();
            Assert.Equal(200, caller.Status);
        }

        await scene.RestAsync();
        Assert.Equal((0, 0), (admissions.Waiting, admissions.Granted));
    }

    private static string Body(string model) => $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi"}]}""";

    private async Task<Caller> SendAsync(string model, string protocol)
    {
        _sent++;
        var caller = await _host.CallAsync(protocol);
        await caller.SendAsync(Scene.Chat, Encoding.UTF8.GetBytes(Body(model)));
        return caller;
    }
}
