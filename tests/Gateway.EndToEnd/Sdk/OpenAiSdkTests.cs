using System.ClientModel;
using System.Text.Json.Nodes;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>The official OpenAI library gets the same objects with and without the gateway.</summary>
public sealed class OpenAiSdkTests(SharedWays shared) : IClassFixture<SharedWays>
{
    [Fact]
    public Task A_chat() => shared.Ways.SameAsync(address => OpenAiCalls.ChatAsync(address));

    [Fact]
    public Task A_chat_that_is_cut_by_its_limit() => shared.Ways.SameAsync(address => OpenAiCalls.ChatAsync(address, maxTokens: 3));

    [Fact]
    public Task A_streamed_chat() => shared.Ways.SameAsync(address => OpenAiCalls.ChatStreamAsync(address));

    [Fact]
    public Task A_tool_call() => shared.Ways.SameAsync(OpenAiCalls.ToolAsync);

    [Fact]
    public Task A_streamed_tool_call() => shared.Ways.SameAsync(OpenAiCalls.ToolStreamAsync);

    [Fact]
    public Task A_tools_result() => shared.Ways.SameAsync(OpenAiCalls.ToolResultAsync);

    [Fact]
    public Task A_response() => shared.Ways.SameAsync(address => OpenAiCalls.ResponseAsync(address));

    [Fact]
    public Task A_streamed_response() => shared.Ways.SameAsync(address => OpenAiCalls.ResponseStreamAsync(address));

    [Fact]
    public Task A_response_with_a_tool_call() => shared.Ways.SameAsync(OpenAiCalls.ResponseToolAsync);

    [Fact]
    public async Task Embeddings_as_base64_and_as_numbers()
    {
        // The library asks for base64 by itself; numbers are asked for as its users do it, with a body of their own.
        var decoded = await shared.Ways.SameAsync(address => OpenAiCalls.EmbeddingAsync(address));
        var numbers = await shared.Ways.SameAsync(async address =>
        {
            using var body = BinaryContent.Create(BinaryData.FromString(
                """{"model":"demo-small","encoding_format":"float","input":["one text","another text"]}"""));
            var answer = await SdkClients.OpenAi(address).GetEmbeddingClient(SdkClients.Model).GenerateEmbeddingsAsync(body);
            return answer.GetRawResponse().Content.ToString();
        });

        var vectors = JsonNode.Parse(numbers)!["data"]!.AsArray().Select(item => string.Join(' ', item!["embedding"]!.AsArray().Select(x => (float)x!)));
        Assert.Equal(decoded, string.Join('\n', vectors));
    }

    [Fact]
    public async Task The_list_of_models() =>
        Assert.StartsWith(SdkClients.Model, await shared.Ways.SameAsync(OpenAiCalls.ModelsAsync), StringComparison.Ordinal);

    [Fact]
    public Task One_model() => shared.Ways.SameAsync(address => OpenAiCalls.ModelAsync(address));

    [Fact]
    public async Task A_retry_after_a_full_server()
    {
        await using var ways = await TwoWays.StartAsync();
        await ways.SameAsync(async address =>
        {
            var before = ways.Server.Stats.Faulted;
            ways.Server.SetFault("status=429;retry-after=0;count=1;path=/v1/chat");
            var answer = await SdkClients.OpenAi(address, retries: 1).GetChatClient(SdkClients.Model).CompleteChatAsync(SdkClients.Question);
            return $"{ways.Server.Stats.Faulted - before} {answer.Value.Content[0].Text}";
        });
    }

    [Fact]
    public async Task The_clients_key_stays_at_the_gateway()
    {
        await using var ways = await TwoWays.StartAsync();
        await OpenAiCalls.ChatAsync(ways.Direct);
        await OpenAiCalls.ChatAsync(ways.Through);

        var seen = ways.Server.Stats.Recent;
        Assert.Equal($"Bearer {SdkClients.Key}", seen[0].Headers["Authorization"]);
        Assert.DoesNotContain(seen[1].Headers, header => header.Value.Contains(SdkClients.Key, StringComparison.Ordinal));
    }
}
