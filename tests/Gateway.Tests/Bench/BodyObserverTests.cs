using System.Security.Cryptography;
using System.Text;
using BlazeGateway.Bench;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Tests.Bench;

public class BodyObserverTests
{
    private const string Chat =
        """
        : a comment

        data: {"choices":[{"delta":{"role":"assistant","content":""}}]}

        data: {"choices":[{"delta":{"content":"Hé"}}]}

        data: {"choices":[{"delta":{"content":" you"}}]}

        data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}

        data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7}}

        data: [DONE]


        """;

    private const string Messages =
        """
        event: message_start
        data: {"type":"message_start","message":{"content":[],"usage":{"input_tokens":9,"output_tokens":1}}}

        event: content_block_start
        data: {"type":"content_block_start","content_block":{"type":"text","text":""}}

        event: content_block_delta
        data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"Hé"}}

        event: content_block_delta
        data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"you"}}

        event: message_delta
        data: {"type":"message_delta","usage":{"output_tokens":7}}

        event: message_stop
        data: {"type":"message_stop"}


        """;

    private const string Responses =
        """
        data: {"type":"response.created","response":{"output":[]}}

        data: {"type":"response.output_text.delta","delta":"Hé"}

        data: {"type":"response.output_text.delta","delta":" you"}

        data: {"type":"response.completed","response":{"output":[{"content":[{"text":"Hé you"}]}],"usage":{"output_tokens":7}}}


        """;

    private const string Ollama =
        """
        {"message":{"role":"assistant","content":"Hé"},"done":false}
        {"message":{"role":"assistant","content":" you"},"done":false}
        {"message":{"role":"assistant","content":""},"done":true,"eval_count":7}
        """;

    public static TheoryData<string, string, int> Streams => new()
    {
        { "OpenAi", Chat, 3 },
        { "Anthropic", Messages, 2 },
        { "OpenAi", Responses, 2 },
        { "Ollama", Ollama, 2 },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public void Reads_a_stream_wherever_it_is_split_and_however_lines_end(string dialect, string text, int contents)
    {
        foreach (var lineEnd in new[] { "\n", "\r\n", "\r" })
        {
            var data = Encoding.UTF8.GetBytes(text.Replace("\n", lineEnd, StringComparison.Ordinal));
            for (var split = 0; split <= data.Length; split++)
            {
                using var body = Observer(dialect);
                body.Now = 10;
                body.Feed(data.AsSpan(0, split));
                body.Now = 30;
                body.Feed(data.AsSpan(split));
                body.End();

                Assert.True(body.IsComplete);
                Assert.False(body.HasError || body.IsMalformed);
                Assert.Equal((contents, 7L, contents - 1), (body.ContentEvents, body.Tokens, body.Gaps.Count));
                Assert.Contains(body.FirstContentAt, new long[] { 10, 30 });
                Assert.Equal(body.LastContentAt - body.FirstContentAt, body.Gaps.Sum());
            }
        }
    }

    [Fact]
    public void The_first_content_is_not_the_role_alone()
    {
        using var body = Observer("OpenAi");
        body.Now = 5;
        body.Feed("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"u8);
        Assert.Equal(0, body.FirstContentAt);
        body.Now = 9;
        body.Feed("data:{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"u8);

        Assert.Equal(9, body.FirstContentAt);
    }

    [Theory]
    [InlineData("OpenAi", "data: {\"error\":{\"message\":\"broken\"}}\n\ndata: [DONE]\n\n")]
    [InlineData("OpenAi", "error: {\"message\":\"broken\"}\n\n")]
    [InlineData("OpenAi", "data: {\"type\":\"response.failed\"}\n\n")]
    [InlineData("Anthropic", "event: error\ndata: {\"type\":\"error\",\"error\":{}}\n\n")]
    [InlineData("Ollama", "{\"error\":\"broken\"}\n")]
    public void An_error_event_is_seen(string dialect, string text)
    {
        using var body = Observer(dialect);
        body.Feed(Encoding.UTF8.GetBytes(text));

        Assert.True(body.HasError);
    }

    [Theory]
    [InlineData("OpenAi", "data: {\"choices\":[\n\n")]
    [InlineData("Ollama", "not json\n")]
    public void An_event_that_is_not_JSON_is_malformed(string dialect, string text)
    {
        using var body = Observer(dialect);
        body.Feed(Encoding.UTF8.GetBytes(text));

        Assert.True(body.IsMalformed);
    }

    [Fact]
    public void A_stream_without_its_end_mark_is_not_complete()
    {
        using var body = Observer("OpenAi");
        body.Feed("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE"u8);
        body.End();

        Assert.False(body.IsComplete);
        Assert.False(body.IsMalformed);
    }

    [Theory]
    [InlineData((1024 * 1024) - 1, false)]
    [InlineData(1024 * 1024, false)]
    [InlineData((1024 * 1024) + 1, true)]
    public void A_line_longer_than_the_limit_is_malformed(int length, bool isMalformed)
    {
        using var body = Observer("OpenAi");
        body.Feed(Encoding.ASCII.GetBytes(":".PadRight(length, 'x')));

        Assert.Equal(isMalformed, body.IsMalformed);
    }

    [Fact]
    public void The_digest_is_that_of_the_bytes()
    {
        using var body = new BodyObserver(Dialect.OpenAi, isStream: true, computesHash: true);
        foreach (var part in Chat.Chunk(7))
        {
            body.Feed(Encoding.UTF8.GetBytes(part));
        }

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Chat))), body.TakeHash());
        body.Reset();
        body.Feed("a"u8);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("a"u8)), body.TakeHash());
    }

    private static BodyObserver Observer(string dialect) =>
        new(Enum.Parse<Dialect>(dialect), isStream: true, computesHash: false) { ReadsEvents = true };
}
