using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

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

    private static string Body(string model) => $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi"}]}""";

    private async Task<Caller> SendAsync(string model, string protocol)
    {
        _sent++;
        var caller = await _host.CallAsync(protocol);
        await caller.SendAsync(Scene.Chat, Encoding.UTF8.GetBytes(Body(model)));
        return caller;
    }
}
