using System.Buffers;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline.Continuation;

/// <summary>What every event of an answer repeats: its id, when it was created, its model. Bytes as they stand in the first event; empty where it has none.</summary>
internal sealed class ChunkHead
{
    private bool _isKnown;

    /// <summary>The id, quotes included.</summary>
    public byte[] Id { get; private set; } = [];

    /// <summary>Seconds since 1970.</summary>
    public byte[] Created { get; private set; } = [];

    /// <summary>The model's name, quotes included.</summary>
    public byte[] Model { get; private set; } = [];

    /// <summary>Takes it from the first event that has data.</summary>
    public void Take(ReadOnlySpan<byte> frame, in ChatChunk chunk)
    {
        if (_isKnown || chunk.IsDone || !chunk.HasData)
        {
            return;
        }

        _isKnown = true;
        Id = Part(frame, chunk.Id);
        Created = Part(frame, chunk.Created);
        Model = Part(frame, chunk.Model);
    }

    /// <summary>Writes what is missing at the end of an answer whose text is whole.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="operation">Chat completions or completions.</param>
    /// <param name="isFinished">Whether the client knows why it ended; else it is told that it was cut by its length.</param>
    /// <param name="isDone">Whether it has <c>[DONE]</c>.</param>
    public void WriteEnd(IBufferWriter<byte> output, Operation operation, bool isFinished, bool isDone)
    {
        if (isDone)
        {
            return;
        }

        if (!isFinished)
        {
            var isChat = operation == Operation.ChatCompletions;
            output.Write("data: {"u8);
            Member(output, "\"id\":"u8, Id);
            output.Write(isChat ? "\"object\":\"chat.completion.chunk\","u8 : "\"object\":\"text_completion\","u8);
            Member(output, "\"created\":"u8, Created);
            Member(output, "\"model\":"u8, Model);
            output.Write("\"choices\":[{\"index\":0,"u8);
            output.Write(isChat ? "\"delta\":{}"u8 : "\"text\":\"\""u8);
            output.Write(",\"logprobs\":null,\"finish_reason\":\"length\"}]}\n\n"u8);
        }

        output.Write("data: [DONE]\n\n"u8);
    }

    private static void Member(IBufferWriter<byte> output, ReadOnlySpan<byte> name, byte[] value)
    {
        if (value.Length > 0)
        {
            output.Write(name);
            output.Write(value);
            output.Write(","u8);
        }
    }

    private static byte[] Part(ReadOnlySpan<byte> frame, BodyRange range) => frame.Slice(range.Offset, range.Length).ToArray();
}
