using System.Buffers;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Passes an observed answer on with the changes its route asks for: token counts the gateway asked for are taken out, the public model name is put
/// back. Holds back at most the event that is not complete yet.
/// </summary>
internal sealed class RewrittenStream : ReadOnlyStream
{
    private const int ReadBytes = 16 * 1024;

    private readonly ObservedStream _inner;
    private readonly FrameRewriter? _frames;
    private readonly JsonModelRewriter? _document;
    private readonly ArrayBufferWriter<byte> _output = new(ReadBytes);
    private byte[] _input = [];
    private int _served;
    private bool _ended;

    public RewrittenStream(ObservedStream inner, bool isStream, bool hideUsage, string? publicModel, Dialect dialect)
    {
        _inner = inner;
        if (isStream && dialect != Dialect.Ollama)
        {
            _frames = new FrameRewriter(hideUsage, publicModel);
        }
        else if (publicModel is not null)
        {
            _document = new JsonModelRewriter(lines: isStream, publicModel);
        }
    }

    /// <inheritdoc />
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_served == _output.WrittenCount)
        {
            if (_ended)
            {
                return 0;
            }

            if (buffer.Length == 0)
            {
                return await _inner.ReadAsync(buffer, cancellationToken);
            }

            if (_input.Length == 0)
            {
                _input = ArrayPool<byte>.Shared.Rent(ReadBytes);
            }

            _output.ResetWrittenCount();
            _served = 0;
            Rewrite(await _inner.ReadAsync(_input, cancellationToken));
        }

        var count = Math.Min(buffer.Length, _output.WrittenCount - _served);
        _output.WrittenSpan.Slice(_served, count).CopyTo(buffer.Span);
        _served += count;
        return count;
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            var input = _input;
            _input = [];
            if (input.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(input);
            }

            _frames?.Dispose();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Rewrite(int read)
    {
        if (read == 0)
        {
            _ended = true;
            _frames?.Complete(_output);
            return;
        }

        var bytes = _input.AsSpan(0, read);
        if (_frames is not null)
        {
            _frames.Write(bytes, _output);
        }
        else if (_document is not null)
        {
            _document.Write(bytes, _output);
        }
        else
        {
            _output.Write(bytes);
        }
    }
}
