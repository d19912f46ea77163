using System.Buffers;
using BlazeGateway.Policies.Inference.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>
/// Changes an event stream on routes that ask for it: takes out token counts the gateway asked for and the client did not, and puts the public model
/// name back. It works on whole events, passes each on as soon as it is complete, and leaves every other byte as it is.
/// </summary>
internal sealed class FrameRewriter : IDisposable
{
    /// <summary>Largest event held back, bytes. A larger one passes as it is, and so does everything after it.</summary>
    public const int MaxFrame = 1024 * 1024;

    private readonly byte[] _model;
    private JsonMachine<RewriteSink> _json;
    private EventBoundary _boundary;
    private byte[] _held = [];
    private int _heldLength;
    private bool _passThrough;
    private LineFeed _lineFeed;

    /// <summary>Creates a rewriter for one stream.</summary>
    /// <param name="hideUsage">Whether the chunk of token counts and members <c>"usage":null</c> are taken out.</param>
    /// <param name="publicModel">Name to write in place of the model server's, null to leave it.</param>
    public FrameRewriter(bool hideUsage, string? publicModel)
    {
        _model = JsonModelRewriter.Quote(publicModel);
        _json.Sink = new RewriteSink(publicModel is not null, hideUsage);
    }

    /// <summary>Takes the bytes of one read and writes every event that is complete.</summary>
    public void Write(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        while (bytes.Length > 0 && !_passThrough)
        {
            if (_lineFeed != LineFeed.None)
            {
                bytes = TakeLineFeed(bytes, output);
                continue;
            }

            var end = _boundary.Find(bytes);
            if (end < 0)
            {
                Hold(bytes, output);
                return;
            }

            Emit(bytes[..end], output);
            bytes = bytes[end..];
        }

        output.Write(bytes);
    }

    /// <summary>Writes what was held back when the stream ended without a blank line.</summary>
    public void Complete(IBufferWriter<byte> output) => Emit(default, output);

    /// <inheritdoc/>
    public void Dispose()
    {
        var held = _held;
        _held = [];
        _heldLength = 0;
        if (held.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(held);
        }
    }

    private void Emit(ReadOnlySpan<byte> rest, IBufferWriter<byte> output)
    {
        if (_heldLength == 0)
        {
            Rewrite(rest, output);
            return;
        }

        Hold(rest, output);
        if (!_passThrough)
        {
            Rewrite(_held.AsSpan(0, _heldLength), output);
            _heldLength = 0;
        }
    }

    private void Hold(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        if (bytes.Length > MaxFrame - _heldLength)
        {
            _passThrough = true;
            output.Write(_held.AsSpan(0, _heldLength));
            output.Write(bytes);
            Dispose();
            return;
        }

        if (_held.Length < _heldLength + bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(4096, 2 * (_heldLength + bytes.Length)));
            _held.AsSpan(0, _heldLength).CopyTo(larger);
            if (_held.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_held);
            }

            _held = larger;
        }

        bytes.CopyTo(_held.AsSpan(_heldLength));
        _heldLength += bytes.Length;
    }

    private void Rewrite(ReadOnlySpan<byte> frame, IBufferWriter<byte> output)
    {
        _json.Restart();
        _json.Sink.Forget();
        ReadData(frame);
        var isWhole = _json.Finish();
        var isDropped = isWhole && _json.Sink.IsUsageOnly;
        _lineFeed = frame is not [.., (byte)'\r'] ? LineFeed.None : isDropped ? LineFeed.Dropped : LineFeed.Passed;
        if (isDropped)
        {
            return;
        }

        if (!isWhole)
        {
            output.Write(frame);
            return;
        }

        var from = 0;
        for (var i = 0; i < _json.Sink.Count; i++)
        {
            var edit = _json.Sink[i];
            output.Write(frame[from..edit.Start]);
            output.Write(edit.IsModel ? _model : []);
            from = edit.End;
        }

        output.Write(frame[from..]);
    }

    /// <summary>The line feed of a CRLF that was cut in two goes the way of the event it ends.</summary>
    private ReadOnlySpan<byte> TakeLineFeed(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        var rest = _boundary.SkipLineFeed(bytes);
        if (rest.Length < bytes.Length && _lineFeed == LineFeed.Passed)
        {
            output.Write("\n"u8);
        }

        _lineFeed = LineFeed.None;
        return rest;
    }

    private void ReadData(ReadOnlySpan<byte> frame)
    {
        for (var at = 0; at < frame.Length;)
        {
            var line = frame[at..];
            var length = line.IndexOfAny((byte)'\n', (byte)'\r');
            line = length < 0 ? line : line[..length];
            if (line.StartsWith("data:"u8))
            {
                _json.MoveTo(at + 5);
                _json.Feed(line[5..]);
                _json.Feed("\n"u8);
            }

            at += line.Length + 1;
        }
    }

    private enum LineFeed : byte
    {
        None,
        Passed,
        Dropped,
    }
}
