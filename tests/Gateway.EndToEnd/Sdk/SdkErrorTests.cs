namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>An error of the model server reaches the user as the library's own exception, the same with and without the gateway.</summary>
public sealed class SdkErrorTests
{
    public static TheoryData<string, int, string> Faults => new()
    {
        { "status=401", 401, "simulated_fault" },
        { "status=404", 404, "simulated_fault" },
        { "status=413", 413, "simulated_fault" },
        { "status=429;retry-after=7", 429, "simulated_fault" },
        { "status=500", 500, "simulated_fault" },
        { "status=503;retry-after=3", 503, "simulated_fault" },
        { "status=529", 529, "simulated_fault" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_chat(string fault, int status, string code)
    {
        var failure = await FailAsync(fault, address => OpenAiCalls.ChatAsync(address));
        Assert.Equal(status, failure.Status);
        Assert.Contains(code, failure.Message, StringComparison.Ordinal);
        Assert.Equal(fault.Contains("retry-after=", StringComparison.Ordinal) ? fault[^1..] : null, failure.RetryAfter);
    }

    [Theory]
    [InlineData("status=429;retry-after=7", 429)]
    [InlineData("status=500", 500)]
    public async Task A_streamed_chat(string fault, int status) =>
        Assert.Equal(status, (await FailAsync(fault, address => OpenAiCalls.ChatStreamAsync(address))).Status);

    [Theory]
    [InlineData("status=429;retry-after=7", 429)]
    [InlineData("status=500", 500)]
    public async Task Embeddings(string fault, int status) =>
        Assert.Equal(status, (await FailAsync(fault, address => OpenAiCalls.EmbeddingAsync(address))).Status);

    [Theory]
    [InlineData("status=429;retry-after=7", 429)]
    [InlineData("status=500", 500)]
    public async Task A_streamed_response(string fault, int status) =>
        Assert.Equal(status, (await FailAsync(fault, address => OpenAiCalls.ResponseStreamAsync(address))).Status);

    [Theory]
    [InlineData("status=400", 400, "invalid_request_error")]
    [InlineData("status=401", 401, "authentication_error")]
    [InlineData("status=403", 403, "permission_error")]
    [InlineData("status=413", 413, "request_too_large")]
    [InlineData("status=429;retry-after=7", 429, "rate_limit_error")]
    [InlineData("status=500", 500, "api_error")]
    [InlineData("status=529", 529, "overloaded_error")]
    public async Task A_message(string fault, int status, string type)
    {
        var failure = await FailAsync(fault, address => AnthropicCalls.MessageAsync(address));
        Assert.Equal(status, failure.Status);
        Assert.Contains(type, failure.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status=429;retry-after=7", 429)]
    [InlineData("status=529", 529)]
    public async Task A_streamed_message(string fault, int status) =>
        Assert.Equal(status, (await FailAsync(fault, address => AnthropicCalls.StreamAsync(address))).Status);

    [Fact]
    public async Task A_model_nobody_serves()
    {
        await using var ways = await TwoWays.StartAsync();
        foreach (var call in (Func<Uri, Task<string>>[])
        [
            address => OpenAiCalls.ChatAsync(address, "nope"),
            address => OpenAiCalls.ChatStreamAsync(address, "nope"),
            address => OpenAiCalls.ResponseAsync(address, "nope"),
            address => OpenAiCalls.EmbeddingAsync(address, "nope"),
            address => OpenAiCalls.ModelAsync(address, "nope"),
            address => AnthropicCalls.MessageAsync(address, "nope"),
            address => AnthropicCalls.StreamAsync(address, "nope"),
            address => AnthropicCalls.CountAsync(address, "nope"),
        ])
        {
            var failure = await ways.SameAsync(address => Failure.OfAsync(() => call(address)));
            Assert.Equal(404, failure.Status);
            Assert.Contains("`nope`", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_request_the_model_server_refuses()
    {
        await using var ways = await TwoWays.StartAsync();
        var chat = await ways.SameAsync(address => Failure.OfAsync(() => OpenAiCalls.ChatAsync(address, maxTokens: 1_000_000)));
        var message = await ways.SameAsync(address => Failure.OfAsync(() => AnthropicCalls.MessageAsync(address, maxTokens: 1_000_000)));

        Assert.Equal((400, 400), (chat.Status, message.Status));
        Assert.Contains("context_length_exceeded", chat.Message, StringComparison.Ordinal);
        Assert.Contains("maximum context length", message.Message, StringComparison.Ordinal);
    }

    // Each call has a gateway of its own: what a gateway learns from one failure must not decide about the next test.
    private static async Task<Failure> FailAsync(string fault, Func<Uri, Task<string>> call)
    {
        await using var ways = await TwoWays.StartAsync();
        ways.Server.SetFault(string.Join(',', new[] { "chat", "messages", "responses", "embeddings" }.Select(path => $"{fault};path=/v1/{path}")));
        return await ways.SameAsync(address => Failure.OfAsync(() => call(address)));
    }
}
