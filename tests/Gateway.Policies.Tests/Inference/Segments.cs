using System.Buffers;

namespace BlazeGateway.Policies.Tests.Inference;

/// <summary>Cuts bytes into sequences of several segments.</summary>
internal static class Segments
{
    public static ReadOnlySequence<byte> Cut(byte[] bytes, params IEnumerable<int> cuts)
    {
        Segment? first = null;
        Segment? last = null;
        var start = 0;
        foreach (var end in cuts.Append(bytes.Length))
        {
            last = new Segment(bytes.AsMemory(start, end - start), last);
            first ??= last;
            start = end;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    public static ReadOnlySequence<byte> EveryByte(byte[] bytes) => Cut(bytes, Enumerable.Range(1, Math.Max(0, bytes.Length - 1)));

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
