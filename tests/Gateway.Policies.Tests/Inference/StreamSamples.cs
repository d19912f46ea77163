using System.Text;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

/// <summary>What a scanner is expected to have seen at the end of a stream.</summary>
internal sealed record Seen(int Content, StreamMarks Marks, int ErrorStatus, TokenUsage Usage, int Events);

/// <summary>A stream and what is in it.</summary>
internal sealed record StreamSample(string Name, Dialect Dialect, string Text, Seen Expected)
{
    public byte[] Bytes { get; } = Encoding.UTF8.GetBytes(Text);

    public Seen Scan(IEnumerable<int> cuts)
    {
        var scanner = new StreamScanner(Dialect);
        var marks = StreamMarks.None;
        var start = 0;
        foreach (var cut in cuts.Append(Bytes.Length))
        {
            marks |= scanner.Feed(Bytes.AsSpan(start, cut - start));
            start = cut;
        }

        marks |= scanner.Complete();
        Assert.Equal(marks, scanner.Seen);
        return new Seen(scanner.ContentChunks, marks, scanner.ErrorStatus, scanner.Usage, scanner.Events);
    }
}

/// <summary>Streams of every dialect, shortened but of the real shapes.</summary>
internal static class StreamSamples
{
    private const StreamMarks Content = StreamMarks.Content;
    private const StreamMarks Error = StreamMarks.Error;
    private const StreamMarks Done = StreamMarks.Done;
    private const StreamMarks Usage = StreamMarks.Usage;

    private static readonly TokenUsage _none = TokenUsage.Unknown;

    public static IReadOnlyList<StreamSample> All { get; } = [.. OpenAi(), .. Framing(), .. Anthropic(), .. Responses(), .. Ollama(), .. Errors()];

    private static IEnumerable<StreamSample> OpenAi() =>
    [
        Chat(
            "chat with usage",
            """
            data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

            data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"Hé 😀"},"finish_reason":null}],"usage":null}

            : keep-alive

            data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"\"usage\":{"},"finish_reason":null}],"usage":null}

            data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

            data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[],"usage":{"prompt_tokens":12,"total_tokens":14,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":8}}}

            data: [DONE]


            """,
            new Seen(2, Content | Done | Usage, 0, new TokenUsage(12, 2, 8), 6)),
        Chat(
            "tools and reasoning",
            """
            data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}

            data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}]}

            data: {"choices":[{"delta":{"tool_calls":[]}}]}

            data: {"choices":[{"text":"old"}]}

            data: {"metadata":{"choices":[{"delta":{"content":"no"}}],"usage":{"prompt_tokens":9}}}


            """,
            new Seen(3, Content, 0, _none, 5)),
    ];

    private static IEnumerable<StreamSample> Framing() =>
    [
        Chat("carriage returns", "data: {\"choices\":[{\"text\":\"a\"}]}\r\rdata: [DONE]\r\r", new Seen(1, Content | Done, 0, _none, 2)),
        Chat("both", "data: {\"choices\":[{\"text\":\"a\"}]}\r\n\r\ndata: [DONE]\r\n\r\n", new Seen(1, Content | Done, 0, _none, 2)),
        Chat("mixed", "data: {\"choices\":[{\"text\":\"a\"}]}\r\n\ndata:[DONE]\n\r", new Seen(1, Content | Done, 0, _none, 2)),
        Chat("no final blank line", "data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: [DONE]", new Seen(1, Content | Done, 0, _none, 2)),
        Chat("data on several lines", "data: {\"choices\":\ndata: [{\"text\":\ndata:\"a\"}]}\n\n", new Seen(1, Content, 0, _none, 1)),
        Chat("byte order mark", "\uFEFFdata: {\"choices\":[{\"text\":\"a\"}]}\n\n", new Seen(1, Content, 0, _none, 1)),
        Chat("other fields", "id: 1\nretry: 10\ndatax: {\"error\":1}\ndata\n\nevent\n\nfoo: bar\n\n", new Seen(0, StreamMarks.None, 0, _none, 0)),
        Chat("malformed data", "data: {\"choices\":[{\"text\":\"a\"}]\n\ndata: {\"choices\":[{\"text\":\"a\"}]}\n\n", new Seen(1, Content, 0, _none, 2)),
        Chat("cut in the data", "data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: {\"choices\":[{\"te", new Seen(1, Content, 0, _none, 2)),
        Chat("only comments", ":\n: ping\n\n:\r\n\r\n", new Seen(0, StreamMarks.None, 0, _none, 0)),
    ];

    private static IEnumerable<StreamSample> Anthropic() =>
    [
        new(
            "messages",
            Dialect.Anthropic,
            """
            event: message_start
            data: {"type":"message_start","message":{"id":"m","role":"assistant","content":[],"model":"c","usage":{"input_tokens":5,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

            event: ping
            data: {"type": "ping"}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}

            event: message_stop
            data: {"type":"message_stop"}


            """,
            new Seen(1, Content | Done | Usage, 0, new TokenUsage(10, 15, 3), 7)),
        new(
            "messages overloaded",
            Dialect.Anthropic,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
            new Seen(0, Error, 529, _none, 1)),
    ];

    private static IEnumerable<StreamSample> Responses() =>
    [
        Chat(
            "responses",
            """
            event: response.created
            data: {"type":"response.created","sequence_number":0,"response":{"id":"r","status":"in_progress","error":null,"output":[],"usage":null}}

            event: response.output_text.delta
            data: {"type":"response.output_text.delta","sequence_number":1,"delta":"Hi"}

            event: response.completed
            data: {"type":"response.completed","sequence_number":2,"response":{"id":"r","error":null,"usage":{"input_tokens":7,"input_tokens_details":{"cached_tokens":4},"output_tokens":3}}}


            """,
            new Seen(1, Content | Done | Usage, 0, new TokenUsage(7, 3, 4), 3)),
        Chat(
            "responses failed",
            "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"no\"}}}\n\n",
            new Seen(0, Error | Done, 429, _none, 1)),
    ];

    private static IEnumerable<StreamSample> Ollama() =>
    [
        new(
            "ollama chat",
            Dialect.Ollama,
            """
            {"model":"l","message":{"role":"assistant","content":"Hi"},"done":false}
            {"model":"l","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f"}}]},"done":false}
            {"model":"l","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":2,"eval_duration":5000000000}

            """,
            new Seen(2, Content | Done | Usage, 0, new TokenUsage(26, 2, -1), 3)),
        new(
            "ollama generate without last line feed",
            Dialect.Ollama,
            "{\"response\":\"a\",\"done\":false}\r\n{\"response\":\"\",\"done\":true,\"eval_count\":1}",
            new Seen(1, Content | Done | Usage, 0, new TokenUsage(-1, 1, -1), 2)),
        new("ollama error", Dialect.Ollama, "{\"error\":\"model runner has stopped\"}\n", new Seen(0, Error, 500, _none, 1)),
    ];

    private static IEnumerable<StreamSample> Errors() =>
    [
        Chat("error object", "data: {\"error\":{\"message\":\"x\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}}\n\ndata: [DONE]\n\n", new Seen(0, Error | Done, 400, _none, 2)),
        Chat("error object with a string", "data: {\"error\":\"out of memory\"}\n\n", new Seen(0, Error, 500, _none, 1)),
        Chat("error null is none", "data: {\"error\":null,\"choices\":[{\"text\":\"a\"}]}\n\n", new Seen(1, Content, 0, _none, 1)),
        Chat("object error", "data: {\"object\":\"error\",\"message\":\"x\",\"type\":\"InternalServerError\",\"param\":null,\"code\":503}\n\n", new Seen(0, Error, 503, _none, 1)),
        Chat("error field", "error: {\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}\n\n", new Seen(0, Error, 503, _none, 1)),
        Chat("error event with text", "event: error\ndata: boom\n\n", new Seen(0, Error, 500, _none, 1)),
        Chat("code in a string", "data: {\"error\":{\"code\":\"context_length_exceeded\"}}\n\n", new Seen(0, Error, 400, _none, 1)),
        Chat("first error stays", "data: {\"error\":{\"code\":400}}\n\ndata: {\"error\":{\"code\":503}}\n\n", new Seen(0, Error, 400, _none, 2)),
    ];

    private static StreamSample Chat(string name, string text, Seen expected) => new(name, Dialect.OpenAi, text, expected);
}
