using System.Buffers;
using System.Text;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public sealed class FrameRewriterTests
{
    public static TheoryData<string, string> Streams => new()
    {
        { "data: {\"a\":1,\"usage\":null}\n\n", "data: {\"a\":1}\n\n" },
        { "data: {\"usage\":null,\"a\":1}\n\n", "data: {\"a\":1}\n\n" },
        { "data: {\"usage\" : null }\n\n", "data: { }\n\n" },
        { "data: {\"a\":{\"usage\":null} , \"usage\" : null , \"b\":2}\r\n\r\n", "data: {\"a\":{\"usage\":null} , \"b\":2}\r\n\r\n" },
        { "data: {\"a\":1}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\n", "data: {\"a\":1}\n\ndata: [DONE]\n\n" },
        { "data: {\"usage\":{\"prompt_tokens\":1},\"choices\":[ ]}\r\n\r\ndata: [DONE]\r\n\r\n", "data: [DONE]\r\n\r\n" },
        { "data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":1}}\n\n", "data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":1}}\n\n" },
        { "data: {\"choices\":[],\"usage\":null}\r\rdata: x\r\r", "data: {\"choices\":[]}\r\rdata: x\r\r" },
        { "data: {\"model\":\"real\",\"usage\":null,\"x\":\"real\"}\n\n", "data: {\"model\":\"public/a\",\"x\":\"real\"}\n\n" },
        { "data: {\"message\":{\"model\":\"real\",\"x\":{\"model\":\"no\"}}}\n\n", "data: {\"message\":{\"model\":\"public/a\",\"x\":{\"model\":\"no\"}}}\n\n" },
        { "data: {\"response\":{\"model\":\"r\\u00e9al\"},\"y\":{\"model\":\"no\"}}\n\n", "data: {\"response\":{\"model\":\"public/a\"},\"y\":{\"model\":\"no\"}}\n\n" },
        { "data: {\"model\":null}\n\ndata: {\"model\":\"cut\n\n", "data: {\"model\":null}\n\ndata: {\"model\":\"cut\n\n" },
        { ": ping\n\nid: 3\nevent: e\ndata: {\"model\":\ndata: \"m\"}\n\n", ": ping\n\nid: 3\nevent: e\ndata: {\"model\":\ndata: \"public/a\"}\n\n" },
        { "data: {\"model\":\"m\"}", "data: {\"model\":\"public/a\"}" },
        { "\r\n\n\rdata: {\"mod", "\r\n\n\rdata: {\"mod" },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public void Changes_only_what_it_is_asked_to_however_the_stream_is_cut(string stream, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);
        Assert.Equal(expected, Rewrite(bytes, []));
        Assert.Equal(expected, Rewrite(bytes, Enumerable.Range(1, bytes.Length - 1)));
        for (var cut = 1; cut < bytes.Length; cut++)
        {
            Assert.Equal(expected, Rewrite(bytes, [cut]));
        }
    }

    [Fact]
    public void Nothing_asked_changes_nothing()
    {
        foreach (var sample in StreamSamples.All.Where(sample => sample.Dialect != Dialect.Ollama))
        {
            using var rewriter = new FrameRewriter(hideUsage: false, publicModel: null);
            var output = new ArrayBufferWriter<byte>();
            rewriter.Write(sample.Bytes, output);
            rewriter.Complete(output);
            Assert.Equal(sample.Text, Encoding.UTF8.GetString(output.WrittenSpan));
        }
    }

    [Fact]
    public void Passes_an_event_on_as_soon_as_it_is_complete()
    {
        using var rewriter = new FrameRewriter(hideUsage: true, publicModel: null);
        var output = new ArrayBufferWriter<byte>();
        rewriter.Write("data: 1\n"u8, output);
        Assert.Equal(0, output.WrittenCount);
        rewriter.Write("\nda"u8, output);
        Assert.Equal("data: 1\n\n"u8.Length, output.WrittenCount);
    }

    [Theory]
    [InlineData(FrameRewriter.MaxFrame - 1, true)]
    [InlineData(FrameRewriter.MaxFrame, true)]
    [InlineData(FrameRewriter.MaxFrame + 1, false)]
    public void An_event_above_the_limit_and_all_after_it_pass_as_they_are(int length, bool rewritten)
    {
        const string Head = "data: {\"model\":\"m\",\"x\":\"";
        const string Tail = "\"}\n\n";
        var text = Head + new string('x', length - Head.Length - Tail.Length) + Tail + Head + Tail;
        var bytes = Encoding.UTF8.GetBytes(text);
        var actual = Rewrite(bytes, Enumerable.Range(1, (bytes.Length - 1) / 8192).Select(i => i * 8192));
        Assert.Equal(rewritten ? text.Replace("\"m\"", "\"public/a\"", StringComparison.Ordinal) : text, actual);
    }

    [Theory]
    [InlineData("{\"model\":\"real\",\"usage\":null}", "{\"model\":\"public/a\",\"usage\":null}")]
    [InlineData("{\"x\":[{\"model\":\"no\"}], \"model\" : \"r\\\"eal\" }", "{\"x\":[{\"model\":\"no\"}], \"model\" : \"public/a\" }")]
    [InlineData("{\"model\":1}", "{\"model\":1}")]
    [InlineData("not json \"model\":\"m\"", "not json \"model\":\"m\"")]
    public void A_whole_answer_gets_its_name_back_without_being_held(string json, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var rewriter = new JsonModelRewriter(lines: false, "public/a");
            var output = new ArrayBufferWriter<byte>();
            rewriter.Write(bytes.AsSpan(0, cut), output);
            rewriter.Write(bytes.AsSpan(cut), output);
            Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
        }
    }

    [Fact]
    public void Every_line_gets_its_name_back()
    {
        const string Lines = "{\"model\":\"real\",\"done\":false}\n\nbroken \"model\"\n{\"model\":\"real\",\"done\":true}";
        var bytes = Encoding.UTF8.GetBytes(Lines);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var rewriter = new JsonModelRewriter(lines: true, "public/a");
            var output = new ArrayBufferWriter<byte>();
            rewriter.Write(bytes.AsSpan(0, cut), output);
            rewriter.Write(bytes.AsSpan(cut), output);
            Assert.Equal(Lines.Replace("\"real\"", "\"public/a\"", StringComparison.Ordinal), Encoding.UTF8.GetString(output.WrittenSpan));
        }
    }

    private static string Rewrite(byte[] bytes, IEnumerable<int> cuts)
    {
        using var rewriter = new FrameRewriter(hideUsage: true, "public/a");
        var output = new ArrayBufferWriter<byte>();
        var start = 0;
        foreach (var cut in cuts.Append(bytes.Length))
        {
            rewriter.Write(bytes.AsSpan(start, cut - start), output);
            start = cut;
        }

        rewriter.Complete(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
