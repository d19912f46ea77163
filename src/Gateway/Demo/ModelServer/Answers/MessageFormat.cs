using System.Buffers;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Anthropic messages: named events in a fixed order, one ping after the first block starts.</summary>
internal sealed class MessageFormat : IStreamFormat
{
    public string StreamType => "text/event-stream";

    public void Begin(IBufferWriter<byte> output, Answer answer)
    {
        output.Add("event: message_start\ndata: {\"type\":\"message_start\",\"message\":"u8);
        Message(output, answer, isDone: false);
        output.Add("}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"u8);
        if (answer.Call.Tool is { } tool)
        {
            output.Add("{\"type\":\"tool_use\",\"id\":\"toolu_"u8).Add(answer.Id).Add("\",\"name\":\""u8).AddJson(tool.Name).Add("\",\"input\":{}}"u8);
        }
        else
        {
            output.Add("{\"type\":\"text\",\"text\":\"\"}"u8);
        }

        output.Add("}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n"u8);
    }

    public void Token(IBufferWriter<byte> output, Answer answer, int index)
    {
        output.Add("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"u8);
        if (answer.Call.Tool is null)
        {
            output.Add("\"text_delta\",\"text\":\""u8).Add(answer.TokenJson(index));
        }
        else
        {
            output.Add("\"input_json_delta\",\"partial_json\":\""u8).AddJson(answer.ToolPiece(index));
        }

        output.Add("\"}}\n\n"u8);
    }

    public void End(IBufferWriter<byte> output, Answer answer)
    {
        output.Add("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"u8)
            .Add("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\""u8).Add(StopReason(answer))
            .Add("\",\"stop_sequence\":null},\"usage\":"u8);
        Usage(output, answer, answer.Tokens);
        output.Add("}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);
    }

    public void Error(IBufferWriter<byte> output, string type, string message) =>
        output.Add("event: error\ndata: "u8).Add(ErrorBody.Anthropic("overloaded_error", message)).Add("\n\n"u8);

    public void Whole(IBufferWriter<byte> output, Answer answer) => Message(output, answer, isDone: true);

    private static ReadOnlySpan<byte> StopReason(Answer answer) =>
        answer.Call.Tool is not null ? "tool_use"u8 : answer.IsCutByLength ? "max_tokens"u8 : "end_turn"u8;

    private static void Message(IBufferWriter<byte> output, Answer answer, bool isDone)
    {
        output.Add("{\"id\":\"msg_"u8).Add(answer.Id).Add("\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\""u8).Add(answer.ModelJson).Add("\",\"content\":["u8);
        if (isDone && answer.Call.Tool is { } tool)
        {
            output.Add("{\"type\":\"tool_use\",\"id\":\"toolu_"u8).Add(answer.Id).Add("\",\"name\":\""u8).AddJson(tool.Name).Add("\",\"input\":"u8)
                .Add(answer.ToolArguments!).Add("}"u8);
        }
        else if (isDone)
        {
            output.Add("{\"type\":\"text\",\"text\":\""u8);
            answer.WriteText(output);
            output.Add("\"}"u8);
        }

        output.Add("],\"stop_reason\":"u8);
        if (isDone)
        {
            output.Add("\""u8).Add(StopReason(answer)).Add("\""u8);
        }
        else
        {
            output.Add("null"u8);
        }

        output.Add(",\"stop_sequence\":null,\"usage\":"u8);
        Usage(output, answer, isDone ? answer.Tokens : 1);
        output.Add("}"u8);
    }

    private static void Usage(IBufferWriter<byte> output, Answer answer, int outputTokens) =>
        output.Add("{\"input_tokens\":"u8).Add(answer.PromptTokens - answer.CachedTokens).Add(",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":"u8)
            .Add(answer.CachedTokens).Add(",\"output_tokens\":"u8).Add(outputTokens).Add("}"u8);
}
