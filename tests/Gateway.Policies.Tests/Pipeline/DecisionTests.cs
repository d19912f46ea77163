using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What is recorded of requests that pass the pipeline, on real Kestrel.</summary>
public sealed class DecisionTests : IAsyncLifetime
{
    private readonly ScriptedDestination _destination = new();
    private WireHost _host = null!;
    private int _sent;

    private DecisionRecorder Recorder => _host.Get<DecisionRecorder>();

    public async ValueTask InitializeAsync() => _host = await WireHost.StartAsync(
        [
            WireHost.Route("chat", new RouteExtensions { Inference = true, Response = new() { DecisionHeader = true } }, path: "/v1/{**rest}"),
            WireHost.Route("none", new RouteExtensions(), "none", path: "/none"),
            WireHost.Route("plain", new RouteExtensions()),
        ],
        [
            ExtensionsCarrier.Attach(
                WireHost.Cluster("llm", _destination.Address, "http://127.0.0.1:9/") with { LoadBalancingPolicy = Strategies.Adaptive },
                new ClusterExtensions { Weights = new(StringComparer.Ordinal) { ["d1"] = 0 } }),
            ExtensionsCarrier.Attach(WireHost.Cluster("none", _destination.Address) with { LoadBalancingPolicy = Strategies.LeastConnections }, new ClusterExtensions { Weights = new(StringComparer.Ordinal) { ["d0"] = 0 } }),
        ],
        configure: options => options.DecisionsKept = 8);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _destination.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_tells_its_decision_in_a_header_and_its_outcome_when_it_ends()
    {
        var (caller, exchange) = await AskAsync(Scene.Chat, ("X-Request-Id", "one"));
        await using var _ = caller;
        _host.Time.Advance(TimeSpan.FromSeconds(2));
        await exchange.BeginEventsAsync();
        await exchange.ChunkAsync(Scene.Event);
        await caller.HeadAsync();
        Assert.Matches(@"^Adaptive/PowerOfTwoChoices d0 of 2; predicted \d+\.\d+ s; best \d+\.\d+ s; cold$", caller.Header("X-Blaze-Decision"));
        await caller.ReadAsync(Scene.Event.Length);
        var running = Recorder.Read(9).Single();
        Assert.Equal(("one", "chat", "llm", "Adaptive", "PowerOfTwoChoices", "d0"), (running.RequestId, running.Route, running.Cluster, running.Strategy, running.Arm, running.Destination));
        Assert.Null(running.Outcome);
        Assert.Equal(128, running.AnswerTokens);
        Assert.NotNull(running.PredictedSeconds);
        Assert.Equal(running.Time, _host.Time.GetUtcNow() - TimeSpan.FromSeconds(2));
        _host.Time.Advance(TimeSpan.FromSeconds(1));
        const string End = """data: {"choices":[{"index":0,"delta":{"content":"!"}}]}""" + "\n\n"
            + """data: {"choices":[],"usage":{"prompt_tokens":40,"completion_tokens":9,"total_tokens":49,"prompt_tokens_details":{"cached_tokens":16}}}""" + "\n\ndata: [DONE]\n\n";
        await exchange.ChunkAsync(End);
        await exchange.EndAsync();
        await caller.ReadAsync(End.Length);
        await caller.EndAsync();
        await _host.RestAsync(_sent);
        Assert.Equal(new OutcomeReport("ok", 200, 2, 1, 40, 16, 9), Recorder.Read(9).Single().Outcome);
    }

    [Fact]
    public async Task A_client_that_leaves_is_the_outcome_and_so_is_an_error()
    {
        var (caller, _) = await AskAsync("/any");
        await caller.LeaveAsync();
        await _host.RestAsync(_sent);
        await caller.DisposeAsync();
        var left = Recorder.Read(1).Single();
        Assert.Equal(("client_canceled", 499), (left.Outcome!.Result, left.Outcome.Status));
        Assert.Null(left.PromptTokens);
        Assert.Empty(left.Prefix);
        var (other, exchange) = await AskAsync(Scene.Chat);
        await using var __ = other;
        await exchange.AnswerAsync("{}", status: "503 Service Unavailable");
        await other.HeadAsync();
        await other.EndAsync();
        await _host.RestAsync(_sent);
        Assert.Equal(("backend_error", 503), (Recorder.Read(1)[0].Outcome!.Result, Recorder.Read(1)[0].Outcome!.Status));
    }

    [Fact]
    public async Task When_none_can_be_picked_the_decision_says_whom_there_was()
    {
        _sent++;
        await using var caller = await _host.CallAsync("HTTP/1.1");
        await caller.SendAsync("/none", []);
        await caller.HeadAsync();
        await caller.EndAsync();
        await _host.RestAsync(_sent);
        var decision = Recorder.Read(1).Single();
        Assert.Equal((null, "no_backend", 503), (decision.Destination, decision.Outcome!.Result, decision.Outcome.Status));
        Assert.Equal("d0", decision.Candidates.Single().Destination);
    }

    private async Task<(Caller Caller, Exchange Exchange)> AskAsync(string path, params (string Name, string Value)[] headers)
    {
        _sent++;
        var caller = await _host.CallAsync("HTTP/1.1");
        await caller.SendAsync(path, path == Scene.Chat ? Scene.Body() : [], null, headers);
        var exchange = await _destination.NextAsync();
        await exchange.Body.Soon();
        return (caller, exchange);
    }
}
