using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>The destination breaks in every way; what the client has can never pass for a whole answer.</summary>
public sealed class BreakingStreamTests(Scene scene) : IClassFixture<Scene>
{
    private const string Sse = "text/event-stream";
    private const string OpenAi = "data: {\"error\":{\"message\":\"The upstream stream ended unexpectedly.\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_reset\"}}\n\n";
    private const string Anthropic = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"The upstream stream ended unexpectedly.\"}}\n\n";
    private const string Ollama = "{\"error\":\"The upstream stream ended unexpectedly.\"}\n";

    [Theory]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", OpenAi)]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\n", OpenAi)]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n: ping\n", OpenAi)]
    [InlineData("/v1/completions", Sse, "data: {\"choices\":[{\"text\":\"a\"}]}\n\n", OpenAi)]
    [InlineData("/v1/responses", Sse, "event: response.created\ndata: {\"type\":\"response.created\"}\n\n", OpenAi)]
    [InlineData("/v1/messages", Sse, "event: message_start\ndata: {\"type\":\"message_start\"}\n\n", Anthropic)]
    [InlineData("/api/chat", "application/x-ndjson", "{\"message\":{\"content\":\"a\"},\"done\":false}\n", Ollama)]
    [InlineData("/api/generate", "application/x-ndjson", "{\"response\":\"a\",\"done\":false}\n", Ollama)]
    public async Task Between_frames_one_error_frame_follows_and_nothing_else(string path, string type, string frame, string error)
    {
        foreach (var protocol in new[] { "HTTP/1.1", "HTTP/2" })
        {
            foreach (var isReset in new[] { true, false })
            {
                await using var caller = await BegunAsync(protocol, path, type, frame, isReset);

                var ending = await caller.EndAsync();
                Assert.False(ending.IsComplete);

                // A client may notice the reset of an HTTP/2 stream before it has read the frame.
                Assert.True(ending.Text == error || (ending.Text.Length == 0 && protocol == "HTTP/2"), ending.Text);
                await scene.RestAsync();
                Assert.Equal((Outcome.StreamBroken, "upstream_reset"), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.ErrorCode));
            }
        }
    }

    [Theory]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[]}\n\n", "data: {\"choices\":[{\"delta\":")]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[]}\n\n", "data: {\"choices\":[]}")]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[]}\n\n", "data: {\"choices\":[]}\n")]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[]}\r\n\r\n", "data: {\"choices\":[]}\r\n")]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[]}\n\n", "d")]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[]}\n\n", ": pi")]
    [InlineData("/v1/messages", Sse, "event: ping\ndata: {}\n\n", "event: content_block_delta\n")]
    [InlineData("/v1/messages", Sse, "event: ping\ndata: {}\n\n", "event: content_block_delta\ndata: {")]
    [InlineData("/api/chat", "application/x-ndjson", "{\"done\":false}\n", "{\"message\":")]
    [InlineData("/api/chat", "application/x-ndjson", "{\"done\":false}\n", "{\"done\":false}")]
    [InlineData("/v1/chat/completions", "application/json", "{\"choices\":[", "{\"message\":")]
    [InlineData("/v1/embeddings", "application/json", "{\"data\":[", "1")]
    public async Task Inside_a_frame_or_document_the_answer_is_cut_and_nothing_is_added(string path, string type, string frame, string half)
    {
        foreach (var protocol in new[] { "HTTP/1.1", "HTTP/2" })
        {
            foreach (var isReset in new[] { true, false })
            {
                await using var caller = await BegunAsync(protocol, path, type, frame + half, isReset);

                var ending = await caller.EndAsync();
                Assert.False(ending.IsComplete);
                Assert.Equal("", ending.Text);
                await scene.RestAsync();
                Assert.Equal((Outcome.StreamBroken, "upstream_reset"), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.ErrorCode));
            }
        }
    }

    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task A_route_may_have_its_broken_streams_cut(string protocol)
    {
        var (caller, exchange) = await scene.AskAsync(protocol, headers: ("X-Case", "cut"));
        await using var _ = caller;
        await exchange.BeginEventsAsync();
        await exchange.ChunkAsync(Scene.Event);
        await caller.HeadAsync();
        Assert.Equal(Scene.Event, await caller.TextAsync(Scene.Event.Length));
        exchange.Reset();

        var ending = await caller.EndAsync();
        Assert.Equal((false, ""), (ending.IsComplete, ending.Text));
        await scene.RestAsync();
        Assert.Equal((Outcome.StreamBroken, "upstream_reset"), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.ErrorCode));
    }

    /// <summary>Bytes before the break, as they stand on the wire.</summary>
    [Theory]
    [InlineData("truncated chunk", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{\"choices\":[")]
    [InlineData("no last chunk", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")]
    [InlineData("bad chunk size", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nxyz\r\n")]
    [InlineData("content length too large", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"choices\":[]}")]
    [InlineData("events with a length", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 5000\r\n\r\ndata: {\"choices\":[]}\n\n")]
    public async Task A_body_that_is_shorter_than_its_framing_says_is_cut(string name, string bytes)
    {
        foreach (var protocol in new[] { "HTTP/1.1", "HTTP/2" })
        {
            var (caller, exchange) = await scene.AskAsync(protocol, stream: false);
            await using var _ = caller;
            await exchange.SendAsync(bytes);
            exchange.Finish();

            try
            {
                await caller.HeadAsync();
            }
            catch (HttpRequestException) when (protocol == "HTTP/2")
            {
                await scene.RestAsync();
                continue;
            }

            if (caller.Status == 200)
            {
                Assert.False((await caller.EndAsync()).IsComplete, name);
            }
            else
            {
                Assert.Equal(502, caller.Status);
            }

            await scene.RestAsync();
            Assert.True(scene.Host.Records.Last.Outcome is Outcome.StreamBroken or Outcome.BackendError, name);
        }
    }

    [Theory]
    [InlineData("nothing", "", "upstream_reset")]
    [InlineData("half a head", "HTTP/1.1 200 OK\r\nContent-Type: appl", "upstream_reset")]
    [InlineData("no HTTP", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "upstream_protocol_error")]
    [InlineData("a bad status", "HTTP/1.1 2x0 OK\r\n\r\n", "upstream_protocol_error")]
    [InlineData("a bad header", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "upstream_protocol_error")]
    [InlineData("head without body", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n", "upstream_reset")]
    [InlineData("stream without body", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n", "upstream_reset")]
    [InlineData("stream cut in its first event", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n", "upstream_reset")]
    public async Task What_breaks_before_the_first_byte_is_a_clean_error(string name, string bytes, string code)
    {
        var (caller, exchange) = await scene.AskAsync(stream: false);
        await using var _ = caller;
        await exchange.SendAsync(bytes);
        exchange.Finish();
        await AssertBadGatewayAsync(caller, code, name);
    }

    [Fact]
    public async Task Compressed_bytes_in_place_of_a_head_are_a_clean_error()
    {
        var (caller, exchange) = await scene.AskAsync();
        await using var _ = caller;
        await exchange.SendAsync((byte[])[0x1f, 0x8b, 0x08, 0x00, .. Enumerable.Range(0, 400).Select(i => (byte)(i * 7)), (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n']);
        await AssertBadGatewayAsync(caller, "upstream_protocol_error", "gzip");
    }

    [Theory]
    [InlineData(40_000, 502)]
    [InlineData(30_000, 200)]
    public async Task Headers_of_a_destination_have_a_limit(int bytes, int status)
    {
        var (caller, exchange) = await scene.AskAsync();
        await using var _ = caller;
        await exchange.SendAsync($"HTTP/1.1 200 OK\r\nX-Long: {new string('x', bytes)}\r\nContent-Length: 0\r\n\r\n");
        if (status == 502)
        {
            await AssertBadGatewayAsync(caller, "upstream_protocol_error", "long headers");
            return;
        }

        await caller.HeadAsync();
        Assert.Equal(status, caller.Status);
        await scene.RestAsync();
    }

    [Fact]
    public async Task Interim_answers_without_end_are_a_clean_error()
    {
        var (caller, exchange) = await scene.AskAsync();
        await using var _ = caller;
        var flood = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 100)));
        async Task FloodAsync()
        {
            for (var i = 0; i < 100_000; i++)
            {
                await exchange.SendAsync(flood);
            }
        }

        var flooding = FloodAsync();
        await AssertBadGatewayAsync(caller, "upstream_protocol_error", "interim answers");
        await exchange.Closed.Soon();
        await Assert.ThrowsAnyAsync<System.Net.Sockets.SocketException>(() => flooding.Soon());
    }

    [Fact]
    public async Task A_few_interim_answers_are_passed_over()
    {
        var (caller, exchange) = await scene.AskAsync(stream: false);
        await using var _ = caller;
        await exchange.SendAsync("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        await exchange.AnswerAsync("{}");
        await caller.HeadAsync();
        Assert.Equal((200, "{}"), (caller.Status, (await caller.EndAsync()).Text));
        await scene.RestAsync();
    }

    /// <summary>A destination that refuses an upload from its head on answers and closes; its answer counts, with or without a body.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("{\"error\":\"too large\"}")]
    public async Task An_answer_before_the_whole_body_was_taken_is_passed_on(string body)
    {
        scene.Destination.IsPaused = true;
        await using var caller = (Http1Caller)await scene.CallAsync("HTTP/1.1");
        var upload = new byte[1 << 20];
        await caller.SendAsync("/plain/upload", upload, 1000);
        var exchange = await scene.Destination.NextAsync();
        scene.Destination.IsPaused = false;
        await exchange.AnswerAsync(body, status: "413 Payload Too Large");
        exchange.ReadOn();
        await caller.SendRestAsync();

        await caller.HeadAsync();
        Assert.Equal((413, body), (caller.Status, (await caller.EndAsync()).Text));
        await scene.RestAsync();
        Assert.Equal(Outcome.ClientError, scene.Host.Records.Last.Outcome);
    }

    private async Task<Caller> BegunAsync(string protocol, string path, string type, string text, bool isReset)
    {
        var (caller, exchange) = await scene.AskAsync(protocol, path);
        await exchange.BeginAsync(type);
        await exchange.ChunkAsync(text);
        await caller.HeadAsync();
        Assert.Equal(text, await caller.TextAsync(text.Length));
        if (isReset)
        {
            exchange.Reset();
        }
        else
        {
            exchange.Finish();
        }

        return caller;
    }

    private async Task AssertBadGatewayAsync(Caller caller, string code, string name)
    {
        await caller.HeadAsync();
        Assert.Equal((502, code), (caller.Status, caller.Header("X-Blaze-Error")));
        Assert.Contains($"\"code\":\"{code}\"", (await caller.EndAsync()).Text, StringComparison.Ordinal);
        await scene.RestAsync();
        Assert.True((Outcome.BackendError, 502, code) == (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.StatusCode, scene.Host.Records.Last.ErrorCode), name);
    }
}
