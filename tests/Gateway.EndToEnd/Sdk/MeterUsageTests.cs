using System.Text.Json.Nodes;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>A route that counts tokens by <c>MeterUsage</c> asks the model server for counts and takes them out again: clients see what they would have seen without.</summary>
public sealed class MeterUsageTests
{
    private const string Route = """{ "Response": { "MeterUsage": true } }""";

    /// <summary>Ways a client may speak of counts, before and after the other members.</summary>
    private static readonly string[] Options =
    [
        """{"model":"demo-small","stream":true,BODY}""",
        """{"model":"demo-small","stream":true,"stream_options":{},BODY}""",
        """{"model":"demo-small","stream":true,"stream_options":null,BODY}""",
        """{"stream_options":{"include_usage":false},"model":"demo-small","stream":true,BODY}""",
        """{"stream_options":{"include_usage":true},"model":"demo-small","stream":true,BODY}""",
        """{"stream":true,BODY,"model":"demo-small","stream_options" : { "include_usage" : true } }""",
        """{"model":"demo-small","stream":false,BODY}""",
        """{"model":"demo-small",BODY}""",
    ];

    [Theory]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]")]
    [InlineData("/v1/completions", "\"prompt\":\"Hello\"")]
    public async Task A_client_gets_the_events_it_would_get_without(string path, string body)
    {
        await using var ways = await TwoWays.StartAsync(route: Route);
        using var client = BlazeProcess.NewClient(ways.Direct);
        foreach (var request in Options.Select(option => option.Replace("BODY", body, StringComparison.Ordinal)))
        {
            var direct = await WireCalls.SendAsync(client, path, request);
            foreach (var fault in new[] { "", "drip=1/0ms", "drip=13/0ms" })
            {
                ways.Server.SetFault(fault.Length == 0 ? "" : $"{fault};path={path}");
                var through = await WireCalls.SendAsync(ways.Gateway.Proxy, path, request);
                ways.Server.SetFault("");
                AssertSameEvents(direct.Text, through.Text);
            }
        }
    }

    [Fact]
    public async Task Other_dialects_are_not_touched()
    {
        await using var ways = await TwoWays.StartAsync(route: Route);
        using var client = BlazeProcess.NewClient(ways.Direct);
        foreach (var name in new[] { "response stream", "message stream", "ollama chat stream", "ollama generate stream", "embeddings", "count" })
        {
            var direct = await WireCalls.SendAsync(client, name);
            var through = await WireCalls.SendAsync(ways.Gateway.Proxy, name);
            Assert.Equal(direct.Sha256, through.Sha256);
            Assert.Equal(ways.Server.Stats.Recent[^2].BodySha256, ways.Server.Stats.Recent[^1].BodySha256);
        }
    }

    [Fact]
    public async Task The_gateway_knows_the_counts()
    {
        await using var ways = await TwoWays.StartAsync(route: Route);
        using var client = BlazeProcess.NewClient(ways.Direct);
        var counted = (await WireCalls.SendAsync(client, "chat")).Text;
        await WireCalls.SendAsync(client, "chat stream");
        await WireCalls.SendAsync(ways.Gateway.Proxy, "chat stream");

        var usage = JsonNode.Parse(counted)!["usage"]!;
        var metrics = await ways.Gateway.Admin.GetStringAsync("/metrics");
        Assert.Contains(metrics.Split('\n'), line => IsCount(line, "input", (int)usage["prompt_tokens"]!));
        Assert.Contains(metrics.Split('\n'), line => IsCount(line, "output", (int)usage["completion_tokens"]!));
        Assert.NotEqual(ways.Server.Stats.Recent[^2].BodyBytes, ways.Server.Stats.Recent[^1].BodyBytes);
    }

    [Fact]
    public async Task Libraries_get_the_same_objects()
    {
        await using var ways = await TwoWays.StartAsync(route: Route);
        await ways.SameAsync(address => OpenAiCalls.ChatStreamAsync(address));
        await ways.SameAsync(OpenAiCalls.ToolStreamAsync);
        await ways.SameAsync(address => OpenAiCalls.ResponseStreamAsync(address));
        await ways.SameAsync(address => AnthropicCalls.StreamAsync(address));
    }

    [Theory]
    [InlineData("fin=after:3")]
    [InlineData("rst=mid:4")]
    public async Task A_broken_stream_still_raises(string cut)
    {
        await using var ways = await TwoWays.StartAsync(route: Route);
        ways.Server.SetFault($"{cut};path=/v1/chat");
        await Failure.OfAsync(() => OpenAiCalls.ChatStreamAsync(ways.Through));
    }

    private static void AssertSameEvents(string direct, string through)
    {
        var expected = Events(direct);
        var got = Events(through);
        Assert.Equal(expected.Length, got.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(JsonNode.DeepEquals(expected[i], got[i]), $"Event {i}:\n{expected[i]}\nis through the gateway:\n{got[i]}");
        }
    }

    private static JsonNode?[] Events(string text) => text.StartsWith("data: ", StringComparison.Ordinal)
        ? [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(frame => frame == "data: [DONE]" ? "[DONE]" : JsonNode.Parse(frame["data: ".Length..]))]
        : [JsonNode.Parse(text)];

    private static bool IsCount(string line, string type, int count) =>
        line.StartsWith("gen_ai_client_token_usage_sum{", StringComparison.Ordinal)
        && line.Contains($"=\"{type}\"", StringComparison.Ordinal)
        && line.EndsWith($" {count}", StringComparison.Ordinal);
}
