using System.Buffers;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline.Continuation;

/// <summary>
/// Passes an event stream on in whole events, so that one that breaks off inside an event leaves no half of it with the client, and notes the text. The events of
/// a destination that goes on are made to look like those of the first.
/// </summary>
internal sealed class ContinuableStream(Stream inner, StreamContinuation continuation) : ChangedStream(inner)
{
    private const int MaxFrame = 1024 * 1024;

    private readonly ChunkEdits _edits = new();
    private EventBoundary _boundary;
    private byte[] _held = [];
    private int _heldLength;
    private bool _afterReturn;
    private bool _isDropped;
    private bool _isRaw;
    private bool _isUnread;
    private bool _isOverlong;

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Drop();
        }

        base.Dispose(disposing);
    }

    /// <inheritdoc />
    protected override void Passing() => continuation.Pass();

    /// <inheritdoc />
    protected override void Complete()
    {
        // Every answer says why it ended. One that does not was cut by a server that closes in good order; what was not read may have said it.
        if (!_isUnread && (continuation.IsOpen || continuation.IsContinued) && continuation is { IsFinished: false, IsDone: false }
            && ChatChunk.Read(_held.AsSpan(0, _heldLength)) is { HasFinish: false, IsDone: false })
        {
            continuation.EndsEarly();
            throw new AnswerCutException(null);
        }

        Emit(default);
    }

    /// <inheritdoc />
    protected override void Change(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0 && !_isRaw)
        {
            if (_afterReturn)
            {
                bytes = TakeLineFeed(bytes);
                continue;
            }

            if (!_isOverlong && (_heldLength == 0 ? bytes[0] : _held[0]) == ':')
            {
                bytes = TakeComment(bytes);
                continue;
            }

            var end = _boundary.Find(bytes);
            if (_isOverlong)
            {
                bytes = PassUnread(bytes, end);
                continue;
            }

            if (end < 0)
            {
                _isOverlong = !Keep(bytes);
                return;
            }

            Emit(bytes[..end]);
            bytes = bytes[end..];
        }

        Output.Write(bytes);
    }

    private void Emit(ReadOnlySpan<byte> rest)
    {
        if (_heldLength == 0)
        {
            Pass(rest);
            return;
        }

        if (!Keep(rest))
        {
            _afterReturn = rest is [.., (byte)'\r'];
            return;
        }

        var length = _heldLength;
        _heldLength = 0;
        Pass(_held.AsSpan(0, length));
    }

    /// <summary>A comment is a sign of life: it goes out by the line, and waits for no event. All that is held then is the beginning of one.</summary>
    private ReadOnlySpan<byte> TakeComment(ReadOnlySpan<byte> bytes)
    {
        var length = bytes.IndexOfAny((byte)'\n', (byte)'\r') + 1;
        length += length > 0 && length < bytes.Length && bytes[length - 1] == '\r' && bytes[length] == '\n' ? 1 : 0;
        var line = length == 0 ? bytes : bytes[..length];

        // No line of these is the empty one that ends an event.
        _boundary.Find(line);
        if (!Keep(line))
        {
            _isOverlong = length == 0;
        }
        else if (length > 0)
        {
            Output.Write(_held.AsSpan(0, _heldLength));
            _heldLength = 0;
        }

        return bytes[line.Length..];
    }

    /// <summary>Passes on what belongs to an event that could not be held; <paramref name="end"/> is where that ends, −1 when it goes on.</summary>
    private ReadOnlySpan<byte> PassUnread(ReadOnlySpan<byte> bytes, int end)
    {
        var part = end < 0 ? bytes : bytes[..end];
        Output.Write(part);
        _isOverlong = end < 0;
        _afterReturn = end >= 0 && part is [.., (byte)'\r'];
        return bytes[part.Length..];
    }

    private void Pass(ReadOnlySpan<byte> frame)
    {
        var chunk = ChatChunk.Read(frame);
        _afterReturn = frame is [.., (byte)'\r'];
        Note(frame, chunk);
        if (continuation.IsContinued)
        {
            _isDropped = chunk.IsRoleOnly;
            if (!_isDropped)
            {
                _edits.Write(frame, chunk, continuation, Output);
            }
        }
        else
        {
            Output.Write(frame);
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
            Output.Write("\n"u8);
        }

        _afterReturn = false;
        _isDropped = false;
        return rest;
    }

    /// <summary>Holds what belongs to an unfinished event. False when there is no room for it: then all of it is passed on as it is, and the stream is not continued.</summary>
    private bool Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxFrame - _heldLength || !HasRoom(_heldLength + bytes.Length))
        {
            // Nothing that a model says a token at a time. The events of a later destination are looked at again after this one: they have to tell how it ends.
            Output.Write(_held.AsSpan(0, _heldLength));
            Output.Write(bytes);
            Drop();
            continuation.Close();
            _isUnread = true;
            _isRaw = !continuation.IsContinued;
            return false;
        }

        bytes.CopyTo(_held.AsSpan(_heldLength));
        _heldLength += bytes.Length;
        return true;
    }

    private bool HasRoom(int length)
    {
        if (_held.Length >= length)
        {
            return true;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(4096, 2 * length));
        if (!continuation.TryReserve(larger.Length - _held.Length))
        {
            ArrayPool<byte>.Shared.Return(larger);
            return false;
        }

        _held.AsSpan(0, _heldLength).CopyTo(larger);
        Hold(larger, _heldLength);
        return true;
    }

    private void Drop()
    {
        continuation.Release(_held.Length);
        Hold([], 0);
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
