using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Policies;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>The official Anthropic library gets the same objects with and without the gateway.</summary>
public sealed class AnthropicSdkTests(SharedWays shared) : IClassFixture<SharedWays>
{
    [Fact]
    public Task A_message() => shared.Ways.SameAsync(address => AnthropicCalls.MessageAsync(address));

    [Fact]
    public Task A_message_that_is_cut_by_its_limit() => shared.Ways.SameAsync(address => AnthropicCalls.MessageAsync(address, maxTokens: 3));

    [Fact]
    public Task A_streamed_message() => shared.Ways.SameAsync(address => AnthropicCalls.StreamAsync(address));

    [Fact]
    public Task A_tool_call() => shared.Ways.SameAsync(AnthropicCalls.ToolAsync);

    [Fact]
    public async Task A_streamed_tool_call() =>
        Assert.Contains("input_json_delta", await shared.Ways.SameAsync(AnthropicCalls.ToolStreamAsync), StringComparison.Ordinal);

    [Fact]
    public Task A_count_of_tokens() => shared.Ways.SameAsync(address => AnthropicCalls.CountAsync(address));

    [Fact]
    public async Task Its_models()
    {
        await using var ways = await TwoWays.StartAsync(new ModelServerHostOptions { Kind = ModelServerKinds.Anthropic, Models = ["demo-small", "demo-large"], Unpaced = true });

        var listed = await ways.SameAsync(AnthropicCalls.ModelsAsync);
        await ways.SameAsync(address => AnthropicCalls.ModelAsync(address));
        var unknown = await ways.SameAsync(address => Failure.OfAsync(() => AnthropicCalls.ModelAsync(address, "nope")));

        Assert.Contains("demo-large", listed, StringComparison.Ordinal);
        Assert.Equal(404, unknown.Status);
    }

    [Fact]
    public async Task The_clients_key_stays_at_the_gateway()
    {
        await using var ways = await TwoWays.StartAsync();
        await AnthropicCalls.MessageAsync(ways.Direct);
        await AnthropicCalls.MessageAsync(ways.Through);

        var seen = ways.Server.Stats.Recent;
        Assert.Equal(SdkClients.Key, seen[0].Headers["x-api-key"]);
        Assert.Equal("2023-06-01", seen[1].Headers["anthropic-version"]);
        Assert.DoesNotContain(seen[1].Headers, header => header.Value.Contains(SdkClients.Key, StringComparison.Ordinal));
    }
}
