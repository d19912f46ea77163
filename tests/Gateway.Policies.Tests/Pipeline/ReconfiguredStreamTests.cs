using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Connections;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>A stream keeps what it began with, whatever is reconfigured or stopped around it.</summary>
public sealed class ReconfiguredStreamTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly ScriptedDestination _destination = new();
    private readonly ScriptedDestination _other = new();
    private WireHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await WireHost.StartAsync([Route("public", Limit)], [WireHost.Cluster("llm", _destination.Address)]);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _destination.DisposeAsync();
        await _other.DisposeAsync();
    }

    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task A_stream_ends_by_the_plan_it_began_with(string protocol)
    {
        await using var caller = await _host.CallAsync(protocol);
        var exchange = await BeginAsync(caller);
        var connections = (ClusterConnections)_host.Cluster("llm").Model.HttpClient;
        var generation = connections.Hold();
        generation.Release();

        // Another destination, other connections, a limit a tenth as long, another public name: all for requests to come.
        _host.Update(
            [Route("renamed", Limit / 10)],
            [WireHost.Cluster("llm", _other.Address) with { HttpClient = new HttpClientConfig { MaxConnectionsPerServer = 7 } }]);
        Assert.NotSame(generation, Current(connections));
        _host.Time.Advance(Limit - TimeSpan.FromTicks(1));
        await exchange.ChunkAsync("data: {\"model\":\"real\",\"choices\":[]}\n\n");
        Assert.Equal("data: {\"model\":\"public\",\"choices\":[]}\n\n", await caller.TextAsync(39));
        Assert.False(generation.IsDisposed);

        // The next request sees all of it.
        await using var later = await _host.CallAsync("HTTP/1.1");
        await later.SendAsync(Scene.Chat, Body("renamed"));
        var next = await _other.NextAsync();
        await next.AnswerAsync("{\"model\":\"real\"}");
        await later.HeadAsync();
        Assert.Equal("{\"model\":\"renamed\"}", (await later.EndAsync()).Text);

        // Not even the route is left; the stream goes on.
        _host.Update([], []);
        await exchange.ChunkAsync("data: [DONE]\n\n");
        await exchange.EndAsync();
        Assert.Equal((true, "data: [DONE]\n\n"), await EndAsync(caller));
        await Waiting.UntilAsync(() => _host.Records.Count == 2 && _host.Get<RequestContextPool>().InFlight == 0, () => "The stream was not settled.");
        Assert.Equal(Outcome.Ok, _host.Records.Last.Outcome);
        await Waiting.UntilAsync(() => generation.IsDisposed, () => "The connections of the old configuration are still held.");
    }

    [Fact]
    public async Task A_stream_keeps_its_limit_though_a_longer_one_is_configured()
    {
        await using var caller = await _host.CallAsync("HTTP/1.1");
        await BeginAsync(caller);
        _host.Update([Route("public", Limit * 100)], [WireHost.Cluster("llm", _destination.Address)]);
        await Waiting.UntilAsync(
            () =>
            {
                _host.Time.Advance(Limit);
                return _host.Records.Count == 1;
            },
            () => "The limit did not bite.");

        Assert.StartsWith("data: {\"error\":", (await caller.EndAsync()).Text, StringComparison.Ordinal);
        Assert.Equal("upstream_stall", _host.Records.Last.ErrorCode);
        Assert.InRange(_host.Time.GetElapsedTime(0, _host.Records.Last.Duration), Limit, Limit * 50);
    }

    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task A_stop_of_the_server_leaves_nothing_behind(string protocol)
    {
        await using var stream = await _host.CallAsync(protocol);
        var exchange = await BeginAsync(stream);
        await using var waiting = await _host.CallAsync(protocol);
        await waiting.SendAsync(Scene.Chat, Body("public"));
        var silent = await _destination.NextAsync();
        await using var uploading = await _host.CallAsync(protocol);
        await uploading.SendAsync(Scene.Chat, Scene.Body(length: 4000), 2000);
        await Waiting.UntilAsync(() => _host.Get<RequestContextPool>().InFlight == 3, () => "Not everything is on its way.");

        await _host.StopAsync().Soon();

        await exchange.Closed.Soon();
        await silent.Closed.Soon();
        await _host.RestAsync(3);
        Assert.False((await stream.EndAsync()).IsComplete);
    }

    private static byte[] Body(string model) =>
        System.Text.Encoding.UTF8.GetBytes($$"""{"model":"{{model}}","stream":true,"messages":[{"role":"user","content":"Hello"}]}""");

    private static RouteConfig Route(string name, TimeSpan betweenChunks) => WireHost.Route("chat", new RouteExtensions
    {
        Models = new(StringComparer.Ordinal) { [name] = new() { Rewrite = "real" } },
        Response = new() { RestoreModelName = true },
        Timeouts = new() { BetweenChunks = betweenChunks },
    });

    private async Task<Exchange> BeginAsync(Caller caller)
    {
        await caller.SendAsync(Scene.Chat, Body("public"));
        var exchange = await _destination.NextAsync();
        Assert.Contains("\"model\":\"real\"", System.Text.Encoding.UTF8.GetString(await exchange.Body.Soon()), StringComparison.Ordinal);
        await exchange.BeginEventsAsync();
        await exchange.ChunkAsync(Scene.Event);
        await caller.HeadAsync();
        Assert.Equal(Scene.Event, await caller.TextAsync(Scene.Event.Length));
        return exchange;
    }

    private static ConnectionGeneration Current(ClusterConnections connections)
    {
        var current = connections.Hold();
        current.Release();
        return current;
    }

    private static async Task<(bool IsComplete, string Text)> EndAsync(Caller caller)
    {
        var ending = await caller.EndAsync();
        return (ending.IsComplete, ending.Text);
    }
}
