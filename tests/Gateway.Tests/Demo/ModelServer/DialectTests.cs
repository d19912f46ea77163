using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.Tests.Demo.ModelServer;

public sealed class DialectTests
{
    private const string Tools =
        """
        "tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}}}}}],
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ChatStreamsRoleTokensFinishUsageAndDone(bool includeUsage)
    {
        await using var server = await ModelServerFixture.StartAsync();
        var more = includeUsage ? "\"stream_options\":{\"include_usage\":true}," : "";
        var text = await server.PostAsync("/v1/chat/completions", ModelServerFixture.Chat("Hello", more: more));
        var frames = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        var chunks = frames[..^1].Select(f => JsonNode.Parse(f["data: ".Length..])!).ToArray();

        Assert.Equal("data: [DONE]", frames[^1]);
        Assert.Equal("assistant", (string)chunks[0]["choices"]![0]!["delta"]!["role"]!);
        Assert.Equal(1 + 5 + 1 + (includeUsage ? 1 : 0), chunks.Length);
        Assert.Equal("stop", (string)chunks[6]["choices"]![0]!["finish_reason"]!);
        if (includeUsage)
        {
            Assert.All(chunks[..^1], chunk => Assert.True(chunk.AsObject().ContainsKey("usage") && chunk["usage"] is null));
            Assert.Empty(chunks[^1]["choices"]!.AsArray());
            Assert.Equal(5, (int)chunks[^1]["usage"]!["completion_tokens"]!);
        }
        else
        {
            Assert.All(chunks, chunk => Assert.False(chunk.AsObject().ContainsKey("usage")));
        }
    }

    [Fact]
    public async Task StreamedAndWholeAnswersSayTheSame()
    {
        await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { Unpaced = true });
        var stream = await server.PostAsync("/v1/chat/completions", ModelServerFixture.Chat("Hello"));
        var whole = JsonNode.Parse(await server.PostAsync("/v1/chat/completions", ModelServerFixture.Chat("Hello", stream: false)))!;
        var pieces = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1]
            .Select(f => (string?)JsonNode.Parse(f["data: ".Length..])!["choices"]![0]!["delta"]!["content"]);

        Assert.Equal((string)whole["choices"]![0]!["message"]!["content"]!, string.Concat(pieces));
    }

    [Fact]
    public async Task ToolArgumentsArriveInPiecesThatFitTheSchema()
    {
        await using var server = await ModelServerFixture.StartAsync();
        var stream = await server.PostAsync("/v1/chat/completions", ModelServerFixture.Chat("please get_weather", more: Tools));
        var chunks = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1].Select(f => JsonNode.Parse(f["data: ".Length..])!).ToArray();
        var pieces = chunks.Select(c => (string?)c["choices"]![0]!["delta"]!["tool_calls"]?[0]!["function"]!["arguments"]).ToArray();
        var arguments = JsonNode.Parse(string.Concat(pieces))!;

        Assert.True(pieces.Count(p => p?.Length > 0) > 1);
        Assert.Equal(JsonValueKind.Number, arguments["days"]!.GetValueKind());
        Assert.Equal(JsonValueKind.String, arguments["city"]!.GetValueKind());
        Assert.Equal("tool_calls", (string)chunks[^1]["choices"]![0]!["finish_reason"]!);
    }

    [Fact]
    public async Task ResponsesNumberTheirEventsAndEndWithUsage()
    {
        await using var server = await ModelServerFixture.StartAsync();
        var text = await server.PostAsync("/v1/responses", """{"model":"demo-small","stream":true,"input":"Hello"}""");
        var events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        var data = events.Select(e => JsonNode.Parse(e[(e.IndexOf("data: ", StringComparison.Ordinal) + 6)..])!).ToArray();

        Assert.Equal(Enumerable.Range(0, events.Length), data.Select(d => (int)d["sequence_number"]!));
        Assert.All(events.Zip(data), pair => Assert.StartsWith($"event: {(string)pair.Second["type"]!}\n", pair.First, StringComparison.Ordinal));
        Assert.Equal("response.completed", (string)data[^1]["type"]!);
        Assert.Equal(5, (int)data[^1]["response"]!["usage"]!["output_tokens"]!);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MessagesKeepAnthropicsOrder()
    {
        await using var server = await ModelServerFixture.StartAsync();
        var text = await server.PostAsync("/v1/messages", ModelServerFixture.Chat("Hello", more: "\"max_tokens\":2,"));
        var names = text.Split('\n').Where(l => l.StartsWith("event: ", StringComparison.Ordinal)).Select(l => l[7..]);

        Assert.Equal(
            "message_start content_block_start ping content_block_delta content_block_delta content_block_stop message_delta message_stop",
            string.Join(' ', names));
        Assert.Contains("\"stop_reason\":\"max_tokens\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OllamaStreamsLinesByDefaultAndEndsWithNanoseconds()
    {
        await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { Kind = "ollama", AnswerTokens = 3, Engine = new EngineOptions { DecodeRate = 1000 } });
        var text = await server.PostAsync("/api/chat", """{"model":"demo-small","messages":[{"role":"user","content":"Hello"}]}""");
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).ToArray();

        Assert.Equal(4, lines.Length);
        Assert.All(lines[..^1], line => Assert.False((bool)line["done"]!));
        Assert.True((bool)lines[^1]["done"]!);
        Assert.Equal(2_000_000, (long)lines[^1]["eval_duration"]!);
        Assert.Equal(3, (int)lines[^1]["eval_count"]!);
    }

    [Fact]
    public async Task EmbeddingsAreEqualForEqualInputsInBothEncodings()
    {
        await using var server = await ModelServerFixture.StartAsync();
        var floats = JsonNode.Parse(await server.PostAsync("/v1/embeddings", """{"input":["a","b","a"],"dimensions":8}"""))!["data"]!.AsArray();
        var base64 = JsonNode.Parse(await server.PostAsync("/v1/embeddings", """{"input":"a","dimensions":8,"encoding_format":"base64"}"""))!["data"]![0]!["embedding"]!;
        var decoded = new float[8];
        Buffer.BlockCopy(Convert.FromBase64String((string)base64!), 0, decoded, 0, 32);

        Assert.Equal(floats[0]!["embedding"]!.ToJsonString(), floats[2]!["embedding"]!.ToJsonString());
        Assert.NotEqual(floats[0]!["embedding"]!.ToJsonString(), floats[1]!["embedding"]!.ToJsonString(), StringComparer.Ordinal);
        Assert.Equal([.. floats[0]!["embedding"]!.AsArray().Select(v => (float)v!)], decoded);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"nope","messages":[{"role":"user","content":"x"}]}""", 404, "\"code\":\"model_not_found\"")]
    [InlineData("/v1/chat/completions", "{", 400, "\"type\":\"invalid_request_error\"")]
    [InlineData("/v1/chat/completions", """{"messages":5}""", 400, "\"param\":\"messages\"")]
    [InlineData("/v1/messages", """{"model":"nope","messages":[{"role":"user","content":"x"}]}""", 404, "\"type\":\"not_found_error\"")]
    [InlineData("/api/chat", """{"model":"nope","messages":[{"role":"user","content":"x"}]}""", 404, "{\"error\":\"model ")]
    [InlineData("/v1/chat/completions", """{"max_tokens":100000,"messages":[{"role":"user","content":"x"}]}""", 400, "context_length_exceeded")]
    public async Task ErrorsSpeakTheDialect(string path, string body, int status, string part)
    {
        await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { Kind = "generic", Unpaced = true });

        using var answer = await server.Client.PostAsync(path, new StringContent(body));

        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        Assert.Contains(part, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSameSeedSaysTheSameBytesAndAnotherDoesNot()
    {
        async Task<string> AskAsync(ulong seed)
        {
            await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { Seed = seed, Engine = new EngineOptions { DecodeRate = 2000 } });
            return await server.PostAsync("/v1/chat/completions", ModelServerFixture.Chat("Hello", more: "\"stream_options\":{\"include_usage\":true},"));
        }

        Assert.Equal(await AskAsync(1), await AskAsync(1));
        Assert.NotEqual(await AskAsync(1), await AskAsync(2), StringComparer.Ordinal);
    }
}
