using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Streams pass byte for byte and are never held: each piece is with the client before the destination sends the next.</summary>
public sealed class StreamFidelityTests(Scene scene) : IClassFixture<Scene>
{
    private const string Sse = "text/event-stream; charset=utf-8";
    private const string Lines = "application/x-ndjson";

    private static readonly Sample[] Samples =
    [
        new("small frames", Scene.Chat, Sse, [Scene.Event, "data: {\"choices\":[]}\n\n", "data: [DONE]\n\n"]),
        new("many small frames", Scene.Chat, Sse, [.. Enumerable.Range(0, 200).Select(i => $"data: {{\"choices\":[{{\"text\":\"{i}\"}}]}}\n\n"), "data: [DONE]\n\n"]),
        new("comments first", Scene.Chat, Sse, [": ping\n\n", ": ping", "\n", "\n", Scene.Event, ":\n\n", "data: [DONE]\n\n"]),
        new("empty lines first", Scene.Chat, Sse, ["\n", "\r\n", Scene.Event, "data: [DONE]\n\n"]),
        new("a block without data first", Scene.Chat, Sse, ["retry: 3000\n\n", Scene.Event, "data: [DONE]\n\n"]),
        new("carriage returns and line feeds", Scene.Chat, Sse, ["data: {\"choices\":[{\"text\":\"a\"}]}\r\n\r\n", "data: 1\r\r", "data: 2\n\r\n", "data: 3\r", "\n\n", "data: [DONE]\r\n", "\r", "\n"]),
        new("no final blank line", Scene.Chat, Sse, [Scene.Event, "data: [DONE]"]),
        new("cut inside an event", Scene.Chat, Sse, [Scene.Event, "data: {\"choi", "ces\":[", "]}", "\n", "\n", "data: [DO", "NE]\n\n"]),
        new("malformed JSON", Scene.Chat, Sse, ["data: {\"choices\":[\n\n", "data: }{\n\n", "data: \"\\u12\n\n", "data: nul\0l\n\n", "data: [DONE]\n\n"]),
        new("unknown events and fields", Scene.Chat, Sse, ["event: tool.progress\nid: 7\nretry: 10\nfoo: bar\ndata: x\ndata: y\n\n", "data\n\n", "event\n\n", "data: [DONE]\n\n"]),
        new("byte order mark", Scene.Chat, Sse, ["\uFEFF" + Scene.Event, "data: [DONE]\n\n"]),
        new("messages", "/v1/messages", Sse, ["event: message_start\ndata: {\"type\":\"message_start\"}\n\n", "event: ping\ndata: {\"type\": \"ping\"}\n\n", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"]),
        new("responses", "/v1/responses", Sse, ["event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"error\":null}}\n\n", "event: response.new_kind\ndata: {}\n\n", "event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n"]),
        new("ollama", "/api/chat", Lines, ["{\"message\":{\"content\":\"a\"},\"done\":false}\n", "{\"message\":{\"con", "tent\":\"b\"},\"done\":false}\n", "\n", "{\"done\":true}"]),
        new("lines where events are usual", Scene.Chat, Lines, ["{\"a\":1}\n", "{\"b\"", ":2}\n"]),
        new("events where lines are usual", "/api/chat", Sse, ["data: {\"a\"", ":1}\n\n", "data: 2\n\n"]),
        new("a document", Scene.Chat, "application/json", ["{\"choices\":", "[", "]}"]),
        new("text", Scene.Chat, "text/plain", ["a", "b", "\n"]),
    ];

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var sample in Samples)
        {
            cases.Add(sample.Name, "HTTP/1.1");
            cases.Add(sample.Name, "HTTP/2");
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Each_piece_arrives_before_the_next_is_sent(string name, string protocol)
    {
        var sample = Samples.Single(sample => sample.Name == name);
        await using var caller = await PassAsync(sample.Path, sample.Type, protocol, sample.Pieces.Select(Encoding.UTF8.GetBytes));

        Assert.Equal(sample.Type, caller.Header("Content-Type"));
        var isStream = sample.Type is Sse or Lines;
        Assert.Equal(isStream ? "no" : null, caller.Header("X-Accel-Buffering"));
        Assert.Equal(isStream ? "no-cache, no-transform" : null, caller.Header("Cache-Control"));
        Assert.Equal((Outcome.Ok, (long)Encoding.UTF8.GetByteCount(string.Concat(sample.Pieces))), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.BytesOut));
    }

    /// <summary>One byte at a time after the first event, through the middle of characters of two, three and four bytes.</summary>
    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task A_drip_of_single_bytes_passes_byte_by_byte(string protocol)
    {
        var rest = Encoding.UTF8.GetBytes("data: {\"choices\":[{\"text\":\"é€😀\"}]}\r\n\r\n: ü\n\ndata: [DONE]\n\n");
        await using var caller = await PassAsync(Scene.Chat, Sse, protocol, [Encoding.UTF8.GetBytes(Scene.Event), .. rest.Select(b => new[] { b })]);

        Assert.Equal(1, scene.Host.Records.Last.Attempts);
        Assert.Equal(2, scene.Host.Records.Last.TokensOut);
    }

    [Theory]
    [InlineData("HTTP/1.1", true)]
    [InlineData("HTTP/2", true)]
    [InlineData("HTTP/1.1", false)]
    public async Task A_line_of_a_mebibyte_passes_as_it_comes(string protocol, bool isFirst)
    {
        var line = Encoding.ASCII.GetBytes("data: {\"choices\":[{\"text\":\"" + new string('x', 1 << 20) + "\"}]}\n\n");
        var pieces = line.Chunk(70_000);
        await using var caller = await PassAsync(Scene.Chat, Sse, protocol, isFirst ? pieces : pieces.Prepend(Encoding.ASCII.GetBytes(Scene.Event)));

        Assert.Equal(isFirst ? 1 : 2, scene.Host.Records.Last.TokensOut);
    }

    /// <summary>The gateway cannot look into compressed bytes, so it neither waits for an event in them nor changes them.</summary>
    [Theory]
    [InlineData("text/event-stream", "gzip")]
    [InlineData("application/json", "gzip")]
    [InlineData("text/event-stream", "br")]
    public async Task Compressed_bytes_pass_at_once_whatever_is_in_them(string type, string encoding)
    {
        await using var caller = await PassAsync(
            Scene.Chat, type, "HTTP/1.1", [[0x1f, 0x8b, 0x08], [0x0a, 0x0a, 0xff], [0x00, 0x64]], $"Content-Encoding: {encoding}\r\n");

        Assert.Equal(encoding, caller.Header("Content-Encoding"));
    }

    private async Task<Caller> PassAsync(string path, string type, string protocol, IEnumerable<byte[]> pieces, string headers = "")
    {
        var (caller, exchange) = await scene.AskAsync(protocol, path);
        await exchange.BeginAsync(type, headers);
        var isBegun = false;
        foreach (var piece in pieces)
        {
            await exchange.ChunkAsync(piece);
            if (!isBegun)
            {
                await caller.HeadAsync();
                isBegun = true;
            }

            Assert.Equal(piece, await caller.ReadAsync(piece.Length));
        }

        await exchange.EndAsync();
        Assert.Equal(new Ending(true, []).Text, (await caller.EndAsync()).Text);
        await scene.RestAsync();
        return caller;
    }

    private sealed record Sample(string Name, string Path, string Type, string[] Pieces);
}
