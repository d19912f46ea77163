using System.Buffers;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Ollama chat and generate: one JSON object per line.</summary>
internal sealed class OllamaFormat(bool isChat) : IStreamFormat
{
    public string StreamType => "application/x-ndjson";

    public void Begin(IBufferWriter<byte> output, Answer answer)
    {
        if (answer.Call.Tool is not null)
        {
            Head(output, answer);
            Tool(output, answer);
            output.Add(",\"done\":false}\n"u8);
        }
    }

    public void Token(IBufferWriter<byte> output, Answer answer, int index)
    {
        if (answer.Call.Tool is null)
        {
            Head(output, answer);
            output.Add(isChat ? "\"message\":{\"role\":\"assistant\",\"content\":\""u8 : "\"response\":\""u8).Add(answer.TokenJson(index))
                .Add(isChat ? "\"},\"done\":false}\n"u8 : "\",\"done\":false}\n"u8);
        }
    }

    public void End(IBufferWriter<byte> output, Answer answer)
    {
        Head(output, answer);
        output.Add(isChat ? "\"message\":{\"role\":\"assistant\",\"content\":\"\"}"u8 : "\"response\":\"\""u8);
        Totals(output, answer);
        output.Add("\n"u8);
    }

    public void Error(IBufferWriter<byte> output, string type, string message) => output.Add(ErrorBody.Ollama(message)).Add("\n"u8);

    public void Whole(IBufferWriter<byte> output, Answer answer)
    {
        Head(output, answer);
        if (answer.Call.Tool is not null)
        {
            Tool(output, answer);
        }
        else
        {
            output.Add(isChat ? "\"message\":{\"role\":\"assistant\",\"content\":\""u8 : "\"response\":\""u8);
            answer.WriteText(output);
            output.Add(isChat ? "\"}"u8 : "\""u8);
        }

        Totals(output, answer);
    }

    private static void Head(IBufferWriter<byte> output, Answer answer) =>
        output.Add("{\"model\":\""u8).Add(answer.ModelJson).Add("\",\"created_at\":\"2026-01-01T00:00:00.000000Z\","u8);

    private static void Tool(IBufferWriter<byte> output, Answer answer) =>
        output.Add("\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\""u8).AddJson(answer.Call.Tool!.Name)
            .Add("\",\"arguments\":"u8).Add(answer.ToolArguments!).Add("}}]}"u8);

    private static void Totals(IBufferWriter<byte> output, Answer answer) =>
        output.Add(",\"done\":true,\"done_reason\":\""u8).Add(answer.IsCutByLength ? "length"u8 : "stop"u8).Add("\",\"total_duration\":"u8)
            .Add(answer.Durations.Prefill + answer.Durations.Decode).Add(",\"load_duration\":0,\"prompt_eval_count\":"u8).Add(answer.PromptTokens)
            .Add(",\"prompt_eval_duration\":"u8).Add(answer.Durations.Prefill).Add(",\"eval_count\":"u8).Add(answer.Tokens)
            .Add(",\"eval_duration\":"u8).Add(answer.Durations.Decode).Add("}"u8);
}
