using System.Buffers;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Anthropic's count of a prompt's tokens.</summary>
internal sealed class TokenCountFormat : IAnswerFormat
{
    public void Whole(IBufferWriter<byte> output, Answer answer) => output.Add("{\"input_tokens\":"u8).Add(answer.PromptTokens).Add("}"u8);
}
