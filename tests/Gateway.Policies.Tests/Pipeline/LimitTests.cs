using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Each time limit by itself: it bites when its time has come and not a tick before, and the one who asked is told in its dialect.</summary>
public sealed class LimitTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly TimeoutOptions First = new() { FirstByte = Limit };
    private readonly ScriptedDestination _destination = new();
    private WireHost _host = null!;
    private int _sent;

    public async ValueTask InitializeAsync() => _host = await WireHost.StartAsync(
        [
            Route("first", First),
            Route("total", new() { Total = Limit }),
            Route("cluster", new(), "limited"),
            Route("route over cluster", new() { FirstByte = 2 * Limit }, "limited"),
            Route("timeout", new()) with { Timeout = TimeSpan.FromMilliseconds(200) },
            Route("default", new()),
            Route("endless", new() { FirstByte = TimeSpan.MaxValue, BetweenChunks = TimeSpan.MaxValue, Total = TimeSpan.MaxValue }),
        ],
        [
            WireHost.Cluster("llm", _destination.Address),
            ExtensionsCarrier.Attach(
                WireHost.Cluster("limited", _destination.Address) with { HttpRequest = new ForwarderRequestConfig { ActivityTimeout = TimeSpan.FromMilliseconds(1) } },
                new ClusterExtensions { Timeouts = First }),
        ]);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _destination.DisposeAsync();
    }

    [Fact]
    public async Task A_prefill_of_101_seconds_passes_with_the_defaults()
    {
        var (caller, exchange) = await AskAsync("default");
        await using var _ = caller;
        _host.Time.Advance(TimeSpan.FromSeconds(101));
        await exchange.BeginEventsAsync();
        _host.Time.Advance(TimeSpan.FromSeconds(101));
        await exchange.ChunkAsync(Scene.Event);
        await exchange.EndAsync();

        await caller.HeadAsync();
        Assert.Equal((200, Scene.Event), (caller.Status, (await caller.EndAsync()).Text));
        await _host.RestAsync(_sent);
        Assert.Equal(Outcome.Ok, _host.Records.Last.Outcome);
        Assert.Equal(TimeSpan.FromSeconds(202), _host.Time.GetElapsedTime(0, _host.Records.Last.ToFirstContent));
    }

    /// <summary>Code may give limits that no configuration may; they are added to timestamps all the same.</summary>
    [Fact]
    public async Task A_limit_longer_than_time_itself_does_not_bite()
    {
        var (caller, exchange) = await AskAsync("endless");
        await using var _ = caller;
        _host.Time.Advance(Limit);
        await exchange.BeginEventsAsync();
        _host.Time.Advance(Limit);
        await exchange.ChunkAsync(Scene.Event);
        await exchange.EndAsync();

        await caller.HeadAsync();
        Assert.Equal((200, Scene.Event), (caller.Status, (await caller.EndAsync()).Text));
        await _host.RestAsync(_sent);
        Assert.Equal(Outcome.Ok, _host.Records.Last.Outcome);
    }

    [Fact]
    public async Task The_default_to_the_first_byte_is_five_minutes()
    {
        var (caller, _) = await AskAsync("default");
        await using var __ = caller;
        await AssertBitesAsync(caller, TimeSpan.FromMinutes(5));
    }

    [Theory]
    [InlineData("first", 10)]
    [InlineData("total", 10)]
    [InlineData("cluster", 10)]
    [InlineData("route over cluster", 20)]
    public async Task Before_the_head_the_limit_bites_at_its_time(string route, int seconds)
    {
        foreach (var protocol in new[] { "HTTP/1.1", "HTTP/2" })
        {
            var (caller, exchange) = await AskAsync(route, protocol);
            await using var _ = caller;
            await AssertBitesAsync(caller, TimeSpan.FromSeconds(seconds));
            await exchange.Closed.Soon();
        }
    }

    [Theory]
    [InlineData("first")]
    [InlineData("total")]
    [InlineData("cluster")]
    public async Task A_tick_before_its_time_the_limit_does_not_bite(string route)
    {
        var (caller, exchange) = await AskAsync(route);
        await using var _ = caller;
        _host.Time.Advance(Limit - Tick);
        await exchange.AnswerAsync("{}");
        await caller.HeadAsync();
        Assert.Equal((200, "{}"), (caller.Status, (await caller.EndAsync()).Text));
        await _host.RestAsync(_sent);
        Assert.Equal(Outcome.Ok, _host.Records.Last.Outcome);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "{\"error\":{\"message\":\"The model server did not answer in time.\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_timeout\"}}")]
    [InlineData("/v1/messages", "{\"type\":\"error\",\"error\":{\"type\":\"timeout_error\",\"message\":\"The model server did not answer in time.\"}}")]
    [InlineData("/api/chat", "{\"error\":\"The model server did not answer in time.\"}")]
    public async Task Who_asked_is_told_in_its_dialect(string path, string body)
    {
        var (caller, _) = await AskAsync("first", path: path);
        await using var __ = caller;
        _host.Time.Advance(Limit);
        await caller.HeadAsync();
        Assert.Equal((504, body), (caller.Status, (await caller.EndAsync()).Text));
        await _host.RestAsync(_sent);
        Assert.Equal(1, await _host.SumAsync("blaze_requests_total{route=\"first\",cluster=\"llm\",outcome=\"timeout\"}"));
        Assert.Equal(1, await _host.SumAsync("blaze_destination_requests_total{cluster=\"llm\",destination=\"d0\",result=\"timeout\"}"));
    }

    /// <summary>What the forwarder's own idle limit would cut after a millisecond goes on: ours are in its place.</summary>
    [Fact]
    public async Task The_forwarders_idle_limit_does_not_shorten_ours()
    {
        var (caller, exchange) = await AskAsync("cluster");
        await using var _ = caller;
        await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        await exchange.AnswerAsync("{}");
        await caller.HeadAsync();
        Assert.Equal(200, caller.Status);
        await _host.RestAsync(_sent);
    }

    /// <summary>Idle limit of requests that are forwarded without a look: never below the limits that are set, nor below the defaults on an inference route.</summary>
    [Theory]
    [InlineData(false, null, null, null, null)]
    [InlineData(false, 7, null, null, 7)]
    [InlineData(false, null, 60, 10, 60)]
    [InlineData(false, null, 10, 60, 60)]
    [InlineData(false, null, 10, 10, 10)]
    [InlineData(false, null, 10, null, 100)]
    [InlineData(false, null, 300, null, 300)]
    [InlineData(false, 7, 60, null, 60)]
    [InlineData(false, 7, 5, 5, 7)]
    [InlineData(false, -1, 60, null, -1)]
    [InlineData(true, null, null, null, 300)]
    [InlineData(true, 7, null, null, 300)]
    [InlineData(true, 7, 600, null, 600)]
    [InlineData(true, 7, 20, 30, 30)]
    [InlineData(true, 1000, 20, 30, 1000)]
    public void The_idle_limit_of_plain_requests_is_never_below_ours(bool inference, int? activity, int? firstByte, int? betweenChunks, int? expected)
    {
        var cluster = WireHost.Cluster("llm", "http://127.0.0.1:1/") with { HttpRequest = new ForwarderRequestConfig { ActivityTimeout = Seconds(activity) } };
        using var connections = new BlazeGateway.Policies.Pipeline.Connections.ClusterConnections(new SocketsHttpHandler());
        var state = new Yarp.ReverseProxy.Model.ClusterState("llm", new Yarp.ReverseProxy.Model.ClusterModel(cluster, connections));
        var route = WireHost.Route("r", new RouteExtensions { Inference = inference, Timeouts = new() { FirstByte = Seconds(firstByte), BetweenChunks = Seconds(betweenChunks) } });

        var plan = AnswerRoom.PlanOf(new Yarp.ReverseProxy.Model.RouteModel(route, state, HttpTransformer.Default));

        Assert.Equal(Seconds(expected), plan.Plain.ActivityTimeout);
    }

    /// <summary>YARP's own limit per route is in real time and cancels the request as if the client had left.</summary>
    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task The_timeout_of_a_route_is_no_departure(string protocol)
    {
        // On a busy machine the time may be over before the destination has seen anything, or before the body is there.
        _sent++;
        await using var caller = await _host.CallAsync(protocol);
        await caller.SendAsync(Scene.Chat, Scene.Body(), null, ("X-Case", "timeout"));
        await caller.HeadAsync();
        Assert.Contains((caller.Status, caller.Header("X-Blaze-Error")), new (int, string?)[] { (504, "upstream_timeout"), (408, "request_timeout") });
        Assert.True((await caller.EndAsync()).IsComplete);
        await _host.RestAsync(_sent);
        Assert.Contains(_host.Records.Last.Outcome, new[] { Outcome.Timeout, Outcome.ClientError });
    }

    private static TimeSpan? Seconds(int? seconds) => seconds is -1 ? Timeout.InfiniteTimeSpan : seconds is { } value ? TimeSpan.FromSeconds(value) : null;

    private static RouteConfig Route(string id, TimeoutOptions timeouts, string cluster = "llm") =>
        WireHost.Route(id, new RouteExtensions { Inference = true, Timeouts = timeouts }, cluster, id);

    private async Task<(Caller Caller, Exchange Exchange)> AskAsync(string route, string protocol = "HTTP/1.1", string path = Scene.Chat)
    {
        _sent++;
        var caller = await _host.CallAsync(protocol);
        await caller.SendAsync(path, Scene.Body(), null, ("X-Case", route));
        var exchange = await _destination.NextAsync();
        await exchange.Body.Soon();
        return (caller, exchange);
    }

    private async Task AssertBitesAsync(Caller caller, TimeSpan limit)
    {
        _host.Time.Advance(limit);
        await caller.HeadAsync();
        Assert.Equal((504, "upstream_timeout"), (caller.Status, caller.Header("X-Blaze-Error")));
        Assert.True((await caller.EndAsync()).IsComplete);
        await _host.RestAsync(_sent);
        var record = _host.Records.Last;
        Assert.Equal((Outcome.Timeout, 504), (record.Outcome, record.StatusCode));
        Assert.Equal(limit, _host.Time.GetElapsedTime(0, record.Duration));
    }
}
