using System.Buffers;
using System.Globalization;
using System.Text;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline.Continuation;

/// <summary>Writes an event of a destination that goes on as one of the stream that the client has begun to read.</summary>
internal sealed class ChunkEdits
{
    private readonly List<(BodyRange Range, byte[] Value)> _edits = [];

    /// <summary>Writes <paramref name="frame"/>.</summary>
    public void Write(ReadOnlySpan<byte> frame, in ChatChunk chunk, StreamContinuation continuation, IBufferWriter<byte> output)
    {
        _edits.Clear();
        var head = continuation.Head;
        Replace(chunk.Id, head.Id);
        Replace(chunk.Created, head.Created);
        Replace(chunk.Model, head.Model);
        if (chunk is { HasRole: true, IsUnusual: false })
        {
            var text = frame.Slice(chunk.Text.Offset, chunk.Text.Length);
            Replace(chunk.Delta, text.IsEmpty ? "{}"u8.ToArray() : [.. "{\"content\":\""u8, .. text, .. "\"}"u8]);
        }

        if (chunk.Completion.Range.Length > 0)
        {
            // Added up in more than what is told fits in.
            long prompt = continuation.Prompt >= 0 ? continuation.Prompt : Math.Max(0, chunk.Prompt.Value - (long)continuation.Before);
            var completion = chunk.Completion.Value + (long)continuation.Before;
            Replace(chunk.Prompt.Range, Number(prompt));
            Replace(chunk.Completion.Range, Number(completion));
            Replace(chunk.Total.Range, Number(prompt + completion));
        }

        _edits.Sort(static (one, other) => one.Range.Offset.CompareTo(other.Range.Offset));
        var from = 0;
        foreach (var (range, value) in _edits)
        {
            output.Write(frame[from..range.Offset]);
            output.Write(value);
            from = range.End;
        }

        output.Write(frame[from..]);
    }

    private void Replace(BodyRange range, byte[] value)
    {
        if (range.Length > 0 && value.Length > 0)
        {
            _edits.Add((range, value));
        }
    }

    private static byte[] Number(long value) => Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture));
}
