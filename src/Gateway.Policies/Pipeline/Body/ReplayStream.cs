using System.Buffers;

namespace BlazeGateway.Policies.Pipeline.Body;

/// <summary>Reads a <see cref="BodyBuffer"/> with its <see cref="BodySplices"/> from the start; rewound for each attempt. Never waits.</summary>
internal sealed class ReplayStream : ReadOnlyStream
{
    private ReadOnlySequence<byte> _rest;
    private BodySplices _splices;
    private ReadOnlyMemory<byte> _inserting;
    private long _offset;
    private int _next;
    private bool _begun;
    private bool _ended;

    /// <summary>
    /// Whether reading began and did not come to the end: whoever reads may not know yet that nobody wants the body any more, so
    /// neither this object nor the memory it reads may serve another request.
    /// </summary>
    public bool IsHalfRead => Volatile.Read(ref _begun) && !Volatile.Read(ref _ended);

    /// <summary>Whether it was read to its end, so that nobody reads on.</summary>
    public bool IsRead => Volatile.Read(ref _begun) && Volatile.Read(ref _ended);

    /// <summary>Starts again at the first byte of <paramref name="content"/>.</summary>
    public void Rewind(in ReadOnlySequence<byte> content, in BodySplices splices)
    {
        _rest = content;
        _splices = splices;
        _inserting = default;
        _offset = 0;
        _next = 0;
        _begun = false;
        _ended = false;
    }

    /// <summary>Lets go of the buffer.</summary>
    public void Reset() => Rewind(ReadOnlySequence<byte>.Empty, default);

    /// <inheritdoc />
    public override int Read(Span<byte> buffer)
    {
        Volatile.Write(ref _begun, true);
        var written = 0;
        while (written < buffer.Length)
        {
            var target = buffer[written..];
            if (!_inserting.IsEmpty)
            {
                var count = Math.Min(target.Length, _inserting.Length);
                _inserting.Span[..count].CopyTo(target);
                _inserting = _inserting[count..];
                written += count;
                continue;
            }

            var limit = _next < _splices.Count ? _splices[_next].Offset - _offset : _rest.Length;
            if (limit == 0)
            {
                if (_next == _splices.Count)
                {
                    break;
                }

                var splice = _splices[_next++];
                _inserting = splice.Inserted;
                Skip(splice.Removed);
                continue;
            }

            var taken = (int)Math.Min(target.Length, limit);
            _rest.Slice(0, taken).CopyTo(target);
            Skip(taken);
            written += taken;
        }

        if (written == 0 && buffer.Length > 0)
        {
            Volatile.Write(ref _ended, true);
        }

        return written;
    }

    /// <inheritdoc />
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : new(Read(buffer.Span));

    private void Skip(long bytes)
    {
        _rest = _rest.Slice(bytes);
        _offset += bytes;
    }
}
