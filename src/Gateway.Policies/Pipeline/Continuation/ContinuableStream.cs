using System.Buffers;
using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline.Continuation;

/// <summary>
/// Passes an event stream on in whole events, so that one that breaks off inside an event leaves no half of it with the client, and notes the text. The events of
/// a destination that goes on are made to look like those of the first.
/// </summary>
internal sealed class ContinuableStream(Stream inner, StreamContinuation continuation) : ReadOnlyStream
{
    private const int ReadBytes = 16 * 1024;
    private const int MaxFrame = 1024 * 1024;

    private readonly RentedWriter _output = new();
    private readonly ChunkEdits _edits = new();
    private EventBoundary _boundary;
    private byte[] _input = [];
    private byte[] _held = [];
    private int _heldLength;
    private bool _afterReturn;
    private bool _isDropped;
    private bool _isRaw;
    private bool _ended;

    /// <inheritdoc />
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_output.IsEmpty)
        {
            if (_ended)
            {
                return 0;
            }

            if (buffer.Length == 0)
            {
                // The forwarder waits like this before every read; a silent stream holds no memory meanwhile.
                Release();
                return await inner.ReadAsync(buffer, cancellationToken);
            }

            if (_input.Length == 0)
            {
                _input = ArrayPool<byte>.Shared.Rent(ReadBytes);
            }

            Take(await inner.ReadAsync(_input, cancellationToken));
        }

        continuation.Pass();
        return _output.Read(buffer.Span);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Release();
            Hold([], 0);
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Release()
    {
        _output.Dispose();
        var input = _input;
        _input = [];
        if (input.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }

    private void Take(int read)
    {
        if (read > 0)
        {
            Split(_input.AsSpan(0, read));
            return;
        }

        _ended = true;

        // Every answer says why it ended. One that does not was cut by a server that closes in good order.
        if ((continuation.IsOpen || continuation.IsContinued) && continuation is { IsFinished: false, IsDone: false }
            && ChatChunk.Read(_held.AsSpan(0, _heldLength)) is { HasFinish: false, IsDone: false })
        {
            continuation.EndsEarly();
            throw new AnswerCutException(null);
        }

        Emit(default);
    }

    private void Split(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0 && !_isRaw)
        {
            if (_afterReturn)
            {
                bytes = TakeLineFeed(bytes);
                continue;
            }

            var end = _boundary.Find(bytes);
            if (end < 0)
            {
                Keep(bytes);
                return;
            }

            Emit(bytes[..end]);
            bytes = bytes[end..];
        }

        _output.Write(bytes);
    }

    private void Emit(ReadOnlySpan<byte> rest)
    {
        if (_heldLength == 0)
        {
            Pass(rest);
            return;
        }

        Keep(rest);
        if (!_isRaw)
        {
            var length = _heldLength;
            _heldLength = 0;
            Pass(_held.AsSpan(0, length));
        }
    }

    private void Pass(ReadOnlySpan<byte> frame)
    {
        var chunk = ChatChunk.Read(frame);
        _afterReturn = frame is [.., (byte)'\r'];
        Note(frame, chunk);
        if (continuation.IsContinued)
        {
            _edits.Write(frame, chunk, continuation, _output);
            _isDropped = chunk is { HasRole: true, Text.Length: 0, HasFinish: false, IsUnusual: false };
        }
        else
        {
            _output.Write(frame);
            _isRaw = !continuation.IsOpen;
        }
    }

    private void Note(ReadOnlySpan<byte> frame, in ChatChunk chunk)
    {
        continuation.Head.Take(frame, chunk);
        if (chunk.IsUnusual)
        {
            continuation.Close();
        }

        if (chunk.Completion.Range.Length > 0)
        {
            continuation.Tell(chunk.Prompt.Range.Length > 0 ? chunk.Prompt.Value : -1, chunk.Completion.Value);
        }

        continuation.Add(frame.Slice(chunk.Text.Offset, chunk.Text.Length));
        continuation.IsFinished |= chunk.HasFinish;
        continuation.IsDone |= chunk.IsDone;
    }

    /// <summary>The line feed of a CRLF that was cut in two goes the way of the event it ends.</summary>
    private ReadOnlySpan<byte> TakeLineFeed(ReadOnlySpan<byte> bytes)
    {
        var rest = _boundary.SkipLineFeed(bytes);
        if (rest.Length < bytes.Length && !_isDropped)
        {
            _output.Write("\n"u8);
        }

        _afterReturn = false;
        _isDropped = false;
        return rest;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxFrame - _heldLength)
        {
            // Nothing that a model says a token at a time.
            _isRaw = true;
            _output.Write(_held.AsSpan(0, _heldLength));
            _output.Write(bytes);
            Hold([], 0);
            continuation.Close();
            return;
        }

        if (_held.Length < _heldLength + bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(4096, 2 * (_heldLength + bytes.Length)));
            _held.AsSpan(0, _heldLength).CopyTo(larger);
            Hold(larger, _heldLength);
        }

        bytes.CopyTo(_held.AsSpan(_heldLength));
        _heldLength += bytes.Length;
    }

    /// <summary>Puts another array in the place of the one that holds an unfinished event.</summary>
    private void Hold(byte[] array, int length)
    {
        var held = _held;
        (_held, _heldLength) = (array, length);
        if (held.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(held);
        }
    }
}
