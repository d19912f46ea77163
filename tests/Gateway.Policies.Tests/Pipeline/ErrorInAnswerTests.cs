using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Model servers that answer 200 and mean an error.</summary>
public sealed class ErrorInAnswerTests(Scene scene) : IClassFixture<Scene>
{
    private const string Sse = "text/event-stream";
    private const string Lines = "application/x-ndjson";

    [Theory]
    [InlineData("/v1/chat/completions", Sse, "data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\",\"code\":null}}\n\n", 502, "{\"error\":{\"message\":\"x\",\"type\":\"server_error\",\"code\":null}}", "error")]
    [InlineData("/v1/chat/completions", Sse, "data: {\"error\":{\"message\":\"x\",\"code\":503}}\n\ndata: [DONE]\n\n", 503, "{\"error\":{\"message\":\"x\",\"code\":503}}", "error")]
    [InlineData("/v1/chat/completions", Sse, "data: {\"object\":\"error\",\"message\":\"too long\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}\n\n", 400, "{\"object\":\"error\",\"message\":\"too long\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}", "ok")]
    [InlineData("/v1/chat/completions", Sse, "data: {\"error\":{\"type\":\"rate_limit_error\"}}\n\n", 429, "{\"error\":{\"type\":\"rate_limit_error\"}}", "ok")]
    [InlineData("/v1/chat/completions", Sse, "error: {\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}\n\n", 503, "{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}", "error")]
    [InlineData("/v1/chat/completions", Sse, "event: error\r\nid: 1\r\ndata: {\"error\":\r\ndata: {\"code\":500}}\r\n\r\n", 502, "{\"error\":\n{\"code\":500}}", "error")]
    [InlineData("/v1/completions", Sse, "data: {\"error\":{\"code\":\"context_length_exceeded\"}}", 400, "{\"error\":{\"code\":\"context_length_exceeded\"}}", "ok")]
    [InlineData("/v1/responses", Sse, "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"x\"}\n\n", 502, "{\"type\":\"error\",\"code\":\"server_error\",\"message\":\"x\"}", "error")]
    [InlineData("/v1/messages", Sse, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", 503, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}", "error")]
    [InlineData("/v1/messages", Sse, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"x\"}}\n\n", 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"x\"}}", "ok")]
    [InlineData("/api/chat", Lines, "{\"error\":\"model runner has stopped\"}\n", 502, "{\"error\":\"model runner has stopped\"}", "error")]
    [InlineData("/api/generate", Lines, "{\"error\":\"x\"}\r\n{\"done\":true}\n", 502, "{\"error\":\"x\"}", "error")]
    public async Task An_error_as_first_event_is_answered_with_the_status_it_means(string path, string type, string bytes, int status, string body, string result)
    {
        foreach (var protocol in new[] { "HTTP/1.1", "HTTP/2" })
        {
            var before = await scene.Host.SumAsync($"blaze_destination_requests_total{{cluster=\"llm\",destination=\"d0\",result=\"{result}\"}}");
            var (caller, exchange) = await scene.AskAsync(protocol, path);
            await using var _ = caller;
            await exchange.BeginAsync(type);
            await exchange.ChunkAsync(bytes);
            await exchange.EndAsync();

            await caller.HeadAsync();
            Assert.Equal((status, "upstream_error_event", "application/json"), (caller.Status, caller.Header("X-Blaze-Error"), caller.Header("Content-Type")));
            Assert.Equal(status is 429 or 503 ? "1" : null, caller.Header("Retry-After"));
            Assert.Equal(body, (await caller.EndAsync()).Text);
            await scene.RestAsync();
            var outcome = status switch { 429 => Outcome.RateLimited, < 500 => Outcome.ClientError, _ => Outcome.BackendError };
            Assert.Equal((outcome, status), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.StatusCode));
            Assert.Equal(before + 1, await scene.Host.SumAsync($"blaze_destination_requests_total{{cluster=\"llm\",destination=\"d0\",result=\"{result}\"}}"));
        }
    }

    [Theory]
    [InlineData("/v1/chat/completions", Sse, "event: error\ndata: CUDA out of memory\n\n", "{\"error\":{\"message\":\"The model server's answer began with an error.\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_error_event\"}}")]
    [InlineData("/v1/messages", Sse, "event: error\ndata: boom\n\n", "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"The model server's answer began with an error.\"}}")]
    public async Task An_error_in_words_is_put_into_the_clients_dialect(string path, string type, string bytes, string body)
    {
        var (caller, exchange) = await scene.AskAsync(path: path);
        await using var _ = caller;
        await exchange.BeginAsync(type);
        await exchange.ChunkAsync(bytes);
        await caller.HeadAsync();
        Assert.Equal((502, body), (caller.Status, (await caller.EndAsync()).Text));
        await scene.RestAsync();
    }

    [Theory]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[{\"text\":\"a\"}]}\n\n", "data: {\"error\":{\"type\":\"server_error\"}}\n\n", "BackendError", "error")]
    [InlineData("/v1/chat/completions", Sse, "data: {\"choices\":[{\"text\":\"a\"}]}\n\n", "data: {\"error\":{\"code\":503}}", "BackendError", "error")]
    [InlineData("/v1/chat/completions", Sse, ": ping\n\n", "data: {\"object\":\"error\",\"code\":400}\n\n", "ClientError", "ok")]
    [InlineData("/v1/messages", Sse, "event: ping\ndata: {}\n\n", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n", "BackendError", "error")]
    [InlineData("/api/chat", Lines, "{\"done\":false}\n", "{\"error\":\"x\"}\n", "BackendError", "error")]
    [InlineData("/v1/chat/completions", "application/json", "{\"error\":", "{\"code\":500}}", "BackendError", "error")]
    [InlineData("/v1/chat/completions", "application/json", "{\"error\":", "{\"type\":\"invalid_request_error\"}}", "ClientError", "ok")]
    [InlineData("/v1/chat/completions", "application/json", "{\"error\":", "null}", "Ok", "ok")]
    public async Task A_later_error_passes_and_is_counted(string path, string type, string first, string error, string outcome, string result)
    {
        var before = await scene.Host.SumAsync($"blaze_destination_requests_total{{cluster=\"llm\",destination=\"d0\",result=\"{result}\"}}");
        var (caller, exchange) = await scene.AskAsync(path: path);
        await using var _ = caller;
        await exchange.BeginAsync(type);
        await exchange.ChunkAsync(first);
        await caller.HeadAsync();
        Assert.Equal(first, await caller.TextAsync(first.Length));
        await exchange.ChunkAsync(error);
        Assert.Equal(error, await caller.TextAsync(error.Length));
        await exchange.EndAsync();
        Assert.True((await caller.EndAsync()).IsComplete);

        await scene.RestAsync();
        Assert.Equal((outcome, 200), (scene.Host.Records.Last.Outcome.ToString(), scene.Host.Records.Last.StatusCode));
        Assert.Equal(before + 1, await scene.Host.SumAsync($"blaze_destination_requests_total{{cluster=\"llm\",destination=\"d0\",result=\"{result}\"}}"));
    }
}
