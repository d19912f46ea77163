using System.Text.Json.Nodes;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>The official OpenAI library for JavaScript gets the same with and without the gateway.</summary>
public sealed class NodeSdkTests(NodeProgram node) : IClassFixture<NodeProgram>
{
    [Fact]
    public async Task Answers_are_the_same()
    {
        await using var ways = await TwoWays.StartAsync();
        var answers = await Task.WhenAll(node.CallAsync("answers", ways.Direct, ways.Direct), node.CallAsync("answers", ways.Through, ways.Direct));

        AssertSame(answers[0], answers[1]);
        var direct = answers[0];
        Assert.Equal(17, direct.Count);
        Assert.Equal("stop", (string?)direct["chat"]!["choices"]![0]!["finish_reason"]);
        Assert.Equal("forecast", (string?)direct["toolAccumulated"]!["name"]);
        Assert.Equal("completed", (string?)direct["responseAccumulated"]!["status"]);
        Assert.Equal(Vectors(direct["embeddingsAsNumbers"]!), Vectors(direct["embeddings"]!));
        Assert.IsType<string>(direct["embeddingsAsBase64"]!["data"]![0]!["embedding"]!.GetValue<string>());
    }

    [Fact]
    public async Task Errors_are_the_same()
    {
        await using var ways = await TwoWays.StartAsync();
        var direct = await node.CallAsync("errors", ways.Direct, ways.Direct);
        var through = await node.CallAsync("errors", ways.Through, ways.Direct);

        Assert.Equal(17, direct.Count);
        Assert.All(direct.Concat(through), failure => Assert.True(failure.Value!["raised"] is not null, $"'{failure.Key}' raised nothing: to its user the answer was complete."));
        Assert.Equal("7", (string?)direct["full"]!["retryAfter"]);

        // The library's user sees a connection that breaks either way; the gateway may tell the cause as well.
        AssertSame(Without(direct, "cut", "reset"), Without(through, "cut", "reset"));
    }

    [Fact]
    public async Task Leaving_a_stream_stops_the_model_server()
    {
        await using var ways = await TwoWays.StartEndlessAsync();
        var result = await node.CallAsync("cancel", ways.Through, ways.Direct);

        Assert.Equal(10, (int?)result["parts"]);
        await ways.IdleAsync();
        Assert.Equal(1, ways.Server.Stats.Cancelled);
    }

    private static IEnumerable<float> Vectors(JsonNode embeddings) =>
        embeddings["data"]!.AsArray().SelectMany(item => item!["embedding"]!.AsArray()).Select(number => (float)(double)number!);

    private static void AssertSame(JsonObject direct, JsonObject through)
    {
        Assert.Equal(direct.Select(pair => pair.Key), through.Select(pair => pair.Key), StringComparer.Ordinal);
        Assert.All(direct, pair => Assert.True(
            JsonNode.DeepEquals(pair.Value, through[pair.Key]), $"'{pair.Key}' is\n{pair.Value?.ToJsonString()}\nand through the gateway\n{through[pair.Key]?.ToJsonString()}"));
    }

    private static JsonObject Without(JsonObject failures, params string[] beginnings) =>
        new(failures.Where(pair => !Array.Exists(beginnings, beginning => pair.Key.StartsWith(beginning, StringComparison.Ordinal)))
            .Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
}
