using System.IO.Hashing;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Tests.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>What attempts teach of a destination's time to the first byte.</summary>
public sealed class LearningTests : IAsyncLifetime
{
    private readonly ScriptedDestination _destination = new();
    private WireHost _host = null!;
    private int _sent;

    private ulong _model;

    private DestinationLoad Load => _host.Get<AvailabilityRegistry>().Of(_host.Cluster("llm").DestinationsState.AllDestinations[0]).Load;

    private AnswerTimes Times => Load.Times.Of(_model);

    private PeakEwma FirstByte => Times.FirstChunk;

    private double Learned => FirstByte.At(_host.Time.GetElapsedTime(0));

    public async ValueTask InitializeAsync() => _host = await WireHost.StartAsync(
        [WireHost.Route("chat", new RouteExtensions { Inference = true }, path: "/v1/{**rest}"), WireHost.Route("plain", new RouteExtensions())],
        [WireHost.Cluster("llm", _destination.Address, "http://127.0.0.1:9/") with { LoadBalancingPolicy = "FirstAlphabetical" }]);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _destination.DisposeAsync();
    }

    [Theory]
    [InlineData("/any", "200 OK", 3)]
    [InlineData("/v1/chat/completions", "200 OK", 3)]
    [InlineData("/any", "304 Not Modified", 3)]
    [InlineData("/any", "404 Not Found", 0)]
    [InlineData("/v1/chat/completions", "400 Bad Request", 0)]
    [InlineData("/any", "501 Not Implemented", 0)]
    [InlineData("/any", "401 Unauthorized", 0)]
    [InlineData("/v1/chat/completions", "401 Unauthorized", 5)]
    [InlineData("/v1/chat/completions", "403 Forbidden", 5)]
    [InlineData("/v1/chat/completions", "429 Too Many Requests", 5)]
    [InlineData("/any", "500 Internal Server Error", 5)]
    [InlineData("/v1/chat/completions", "503 Service Unavailable", 5)]
    public async Task By_how_it_answers(string path, string status, double seconds)
    {
        var (caller, exchange) = await AskAsync(path);
        await using var _ = caller;
        _host.Time.Advance(TimeSpan.FromSeconds(3));
        await exchange.AnswerAsync(status.StartsWith("304", StringComparison.Ordinal) ? "" : "{}", status: status);
        await caller.HeadAsync();
        await caller.EndAsync();
        await _host.RestAsync(_sent);
        Assert.Equal(seconds > 0, FirstByte.HasSample);
        Assert.Equal(seconds, Learned, 2);
    }

    [Fact]
    public async Task A_stream_is_as_quick_as_its_first_event_however_long_it_is_and_however_it_ends()
    {
        var (caller, exchange) = await AskAsync(Scene.Chat);
        await using var _ = caller;
        await exchange.BeginEventsAsync();
        _host.Time.Advance(TimeSpan.FromSeconds(2));
        await exchange.ChunkAsync(Scene.Event);
        await caller.HeadAsync();
        await caller.ReadAsync(Scene.Event.Length);
        Assert.Equal(2, Learned, 2);
        _host.Time.Advance(TimeSpan.FromSeconds(30));
        await exchange.ChunkAsync(Scene.Event);
        await caller.ReadAsync(Scene.Event.Length);
        exchange.Reset();
        await caller.EndAsync();
        await _host.RestAsync(_sent);
        Assert.Equal(5, Learned, 2);
    }

    [Fact]
    public async Task Tokens_are_in_flight_from_the_pick_to_the_first_chunk_and_to_the_end()
    {
        var (caller, exchange) = await AskAsync(Scene.Chat);
        await using var _ = caller;
        Assert.Equal((1, 128L), (Load.InFlight, Load.OutputTokens));
        Assert.InRange(Load.PrefillTokens, 1, 1000);
        await exchange.BeginEventsAsync();
        await exchange.ChunkAsync(": a sign of life\n\n");
        await caller.HeadAsync();
        Assert.InRange(Load.PrefillTokens, 1, 1000);
        await exchange.ChunkAsync(Scene.Event);
        await caller.ReadAsync(": a sign of life\n\n".Length + Scene.Event.Length);
        Assert.Equal((1, 0L, 128L), (Load.InFlight, Load.PrefillTokens, Load.OutputTokens));
        await caller.LeaveAsync();
        await _host.RestAsync(_sent);
        Assert.Equal((0, 0L, 0L), (Load.InFlight, Load.PrefillTokens, Load.OutputTokens));
    }

    [Fact]
    public async Task Of_a_document_the_time_that_its_tokens_took_is_taken_off()
    {
        _model = XxHash3.HashToUInt64("m"u8);
        Times.Pace.ChunksCame(0.1);
        var (caller, exchange) = await AskAsync(Scene.Chat);
        await using var _ = caller;
        _host.Time.Advance(TimeSpan.FromSeconds(1));
        await exchange.AnswerAsync("""{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":6,"total_tokens":16}}""");
        await caller.HeadAsync();
        await caller.EndAsync();
        await _host.RestAsync(_sent);
        Assert.Equal(1 - (5 * 0.1), Learned, 2);
    }

    [Fact]
    public async Task A_client_that_leaves_unanswered_says_that_it_takes_at_least_so_long()
    {
        var (caller, _) = await AskAsync("/any");
        _host.Time.Advance(TimeSpan.FromSeconds(20));
        await caller.LeaveAsync();
        await _host.RestAsync(_sent);
        await caller.DisposeAsync();
        Assert.Equal(20, Learned, 2);
    }

    private async Task<(Caller Caller, Exchange Exchange)> AskAsync(string path)
    {
        _sent++;
        _model = path == "/any" ? 0 : XxHash3.HashToUInt64("m"u8);
        var caller = await _host.CallAsync("HTTP/1.1");
        await caller.SendAsync(path, path == "/any" ? [] : Scene.Body());
        var exchange = await _destination.NextAsync();
        await exchange.Body.Soon();
        return (caller, exchange);
    }
}
