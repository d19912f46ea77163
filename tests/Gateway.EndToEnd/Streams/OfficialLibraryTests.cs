using System.ClientModel;
using Anthropic.Models.Messages;
using BlazeGateway.Demo.ModelServer;
using OpenAI;
using OpenAI.Chat;

namespace BlazeGateway.EndToEnd.Streams;

/// <summary>
/// The official libraries read whole streams to the end and raise on those that are not whole. One exception is a fact to live with: OpenAI's library for
/// .NET reads past an error event that a model server sends and then ends in good order, with and without the gateway.
/// </summary>
public sealed class OfficialLibraryTests : IAsyncLifetime
{
    private const int Times = 10;
    private ModelServerHost _server = null!;
    private GatewayFixture _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Kind = "vllm", Unpaced = true });
        _gateway = await GatewayFixture.StartAsync($$"""
            {
              "ReverseProxy": {
                "Routes": {
                  "cut": {
                    "ClusterId": "llm", "Match": { "Path": "/cut/{**rest}" }, "Transforms": [ { "PathRemovePrefix": "/cut" } ],
                    "Extensions": { "Response": { "BrokenStream": "cut" } }
                  },
                  "all": { "ClusterId": "llm", "Match": { "Path": "/{**rest}" } }
                },
                "Clusters": { "llm": { "Destinations": { "one": { "Address": "{{_server.Address}}" } }, "Extensions": { "ModelServer": { "Kind": "vllm" } } } }
              }
            }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("/v1", "", true, true)]
    [InlineData("/cut/v1", "", true, true)]
    [InlineData("/v1", "rst=after:3", true, false)]
    [InlineData("/v1", "fin=after:3", true, false)]
    [InlineData("/v1", "error=after:3", false, false)]
    [InlineData("/cut/v1", "rst=after:3", true, false)]
    [InlineData("/cut/v1", "fin=after:3", true, false)]
    [InlineData("/v1", "rst=mid:4", true, false)]
    [InlineData("/v1", "fin=mid:4", true, false)]
    [InlineData("/v1", "error=after:0", true, false)]
    public async Task OpenAi(string path, string fault, bool speaksUp, bool isWhole)
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(_gateway.Proxy.BaseAddress!, path), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) };
        var client = new ChatClient("demo-small", new ApiKeyCredential("none"), options);
        _server.SetFault(fault);
        for (var i = 0; i < Times; i++)
        {
            var finished = false;
            async Task ReadAsync()
            {
                await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("Hello")], new ChatCompletionOptions { MaxOutputTokenCount = 20 }))
                {
                    finished |= update.FinishReason is not null;
                }
            }

            if (isWhole || !speaksUp)
            {
                await ReadAsync();
            }
            else
            {
                await Assert.ThrowsAnyAsync<Exception>(ReadAsync);
            }

            Assert.Equal(isWhole, finished);
        }
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("rst=after:3", false)]
    [InlineData("fin=after:3", false)]
    [InlineData("rst=mid:4", false)]
    [InlineData("fin=mid:4", false)]
    [InlineData("error=after:0", false)]
    [InlineData("error=after:3", false)]
    public async Task Anthropic(string fault, bool isWhole)
    {
        var client = new global::Anthropic.AnthropicClient { BaseUrl = _gateway.Proxy.BaseAddress!.ToString().TrimEnd('/'), ApiKey = "none", MaxRetries = 0 };
        _server.SetFault(fault);
        for (var i = 0; i < Times; i++)
        {
            var finished = false;
            async Task ReadAsync()
            {
                var call = new MessageCreateParams { Model = "demo-small", MaxTokens = 20, Messages = [new() { Role = Role.User, Content = "Hello" }] };
                await foreach (var update in client.Messages.CreateStreaming(call))
                {
                    finished |= update.TryPickStop(out _);
                }
            }

            if (isWhole)
            {
                await ReadAsync();
            }
            else
            {
                await Assert.ThrowsAnyAsync<Exception>(ReadAsync);
            }

            Assert.Equal(isWhole, finished);
        }
    }
}
