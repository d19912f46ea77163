using System.Buffers;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>OpenAI legacy completions.</summary>
internal sealed class CompletionFormat : IStreamFormat
{
    public string StreamType => "text/event-stream";

    public void Begin(IBufferWriter<byte> output, Answer answer)
    {
        // The first frame carries the first token.
    }

    public void Token(IBufferWriter<byte> output, Answer answer, int index)
    {
        output.Add("data: "u8);
        Head(output, answer).Add("{\"index\":0,\"text\":\""u8).Add(answer.TokenJson(index)).Add("\",\"logprobs\":null,\"finish_reason\":null}"u8)
            .Add(answer.Call.IncludeUsage ? "],\"usage\":null}\n\n"u8 : "]}\n\n"u8);
    }

    public void End(IBufferWriter<byte> output, Answer answer)
    {
        output.Add("data: "u8);
        Head(output, answer).Add("{\"index\":0,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\""u8).Add(ChatFormat.FinishReason(answer)).Add("\"}"u8)
            .Add(answer.Call.IncludeUsage ? "],\"usage\":null}\n\n"u8 : "]}\n\n"u8);
        if (answer.Call.IncludeUsage)
        {
            output.Add("data: "u8);
            Head(output, answer).Add("],\"usage\":"u8);
            ChatFormat.Usage(output, answer);
            output.Add("}\n\n"u8);
        }

        output.Add("data: [DONE]\n\n"u8);
    }

    public void Error(IBufferWriter<byte> output, string type, string message) =>
        output.Add("data: "u8).Add(ErrorBody.OpenAi(type, message, null, type)).Add("\n\n"u8);

    public void Whole(IBufferWriter<byte> output, Answer answer)
    {
        Head(output, answer).Add("{\"index\":0,\"text\":\""u8);
        answer.WriteText(output);
        output.Add("\",\"logprobs\":null,\"finish_reason\":\""u8).Add(ChatFormat.FinishReason(answer)).Add("\"}],\"usage\":"u8);
        ChatFormat.Usage(output, answer);
        output.Add("}"u8);
    }

    private static IBufferWriter<byte> Head(IBufferWriter<byte> output, Answer answer) =>
        output.Add("{\"id\":\"cmpl-"u8).Add(answer.Id).Add("\",\"object\":\"text_completion\",\"created\":"u8).Add(Answer.Created)
            .Add(",\"model\":\""u8).Add(answer.ModelJson).Add("\",\"choices\":["u8);
}
