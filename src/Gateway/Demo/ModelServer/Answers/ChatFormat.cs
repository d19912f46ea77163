using System.Buffers;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>OpenAI chat completions.</summary>
internal sealed class ChatFormat : IStreamFormat
{
    public string StreamType => "text/event-stream";

    public void Begin(IBufferWriter<byte> output, Answer answer)
    {
        Head(output, answer);
        if (answer.Call.Tool is { } tool)
        {
            output.Add("{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"call_"u8).Add(answer.Id)
                .Add("\",\"type\":\"function\",\"function\":{\"name\":\""u8).AddJson(tool.Name)
                .Add("\",\"arguments\":\"\"}}]},\"logprobs\":null,\"finish_reason\":null}"u8);
        }
        else
        {
            output.Add("{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}"u8);
        }

        Tail(output, answer);
    }

    public void Token(IBufferWriter<byte> output, Answer answer, int index)
    {
        if (answer.ToolArguments is not null)
        {
            Head(output, answer);
            output.Add("{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\""u8).AddJson(answer.ToolPiece(index))
                .Add("\"}}]},\"logprobs\":null,\"finish_reason\":null}"u8);
        }
        else
        {
            Head(output, answer);
            output.Add("{\"index\":0,\"delta\":{\"content\":\""u8).Add(answer.TokenJson(index)).Add("\"},\"logprobs\":null,\"finish_reason\":null}"u8);
        }

        Tail(output, answer);
    }

    public void End(IBufferWriter<byte> output, Answer answer)
    {
        Head(output, answer);
        output.Add("{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\""u8).Add(FinishReason(answer)).Add("\"}"u8);
        Tail(output, answer);
        if (answer.Call.IncludeUsage)
        {
            Head(output, answer);
            output.Add("],\"usage\":"u8);
            Usage(output, answer);
            output.Add("}\n\n"u8);
        }

        output.Add("data: [DONE]\n\n"u8);
    }

    public void Error(IBufferWriter<byte> output, string type, string message) =>
        output.Add("data: "u8).Add(ErrorBody.OpenAi(type, message, null, type)).Add("\n\n"u8);

    public void Whole(IBufferWriter<byte> output, Answer answer)
    {
        output.Add("{\"id\":\"chatcmpl-"u8).Add(answer.Id).Add("\",\"object\":\"chat.completion\",\"created\":"u8).Add(Answer.Created).Add(",\"model\":\""u8)
            .Add(answer.ModelJson).Add("\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"u8);
        if (answer.Call.Tool is { } tool)
        {
            output.Add("null,\"refusal\":null,\"tool_calls\":[{\"id\":\"call_"u8).Add(answer.Id).Add("\",\"type\":\"function\",\"function\":{\"name\":\""u8)
                .AddJson(tool.Name).Add("\",\"arguments\":\""u8).AddJson(answer.ToolArguments!).Add("\"}}]"u8);
        }
        else
        {
            output.Add("\""u8);
            answer.WriteText(output);
            output.Add("\",\"refusal\":null"u8);
        }

        output.Add("},\"logprobs\":null,\"finish_reason\":\""u8).Add(FinishReason(answer)).Add("\"}],\"usage\":"u8);
        Usage(output, answer);
        output.Add(",\"system_fingerprint\":\"fp_blaze\"}"u8);
    }

    internal static ReadOnlySpan<byte> FinishReason(Answer answer) =>
        answer.IsCutByLength ? "length"u8 : answer.Call.Tool is { IsNamed: false } ? "tool_calls"u8 : "stop"u8;

    internal static void Usage(IBufferWriter<byte> output, Answer answer) =>
        output.Add("{\"prompt_tokens\":"u8).Add(answer.PromptTokens).Add(",\"completion_tokens\":"u8).Add(answer.Tokens).Add(",\"total_tokens\":"u8)
            .Add(answer.PromptTokens + answer.Tokens).Add(",\"prompt_tokens_details\":{\"cached_tokens\":"u8).Add(answer.CachedTokens)
            .Add("},\"completion_tokens_details\":{\"reasoning_tokens\":0}}"u8);

    private static void Head(IBufferWriter<byte> output, Answer answer) =>
        output.Add("data: {\"id\":\"chatcmpl-"u8).Add(answer.Id).Add("\",\"object\":\"chat.completion.chunk\",\"created\":"u8).Add(Answer.Created)
            .Add(",\"model\":\""u8).Add(answer.ModelJson).Add("\",\"choices\":["u8);

    private static void Tail(IBufferWriter<byte> output, Answer answer) =>
        output.Add(answer.Call.IncludeUsage ? "],\"usage\":null}\n\n"u8 : "]}\n\n"u8);
}
