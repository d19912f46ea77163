using System.Buffers;
using System.Runtime.CompilerServices;
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
    private readonly RentedWriter _output = new();
    private byte[] _input = [];
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
                return await _inner.ReadAsync(buffer, cancellationToken);
            }

            if (_input.Length == 0)
            {
                _input = ArrayPool<byte>.Shared.Rent(ReadBytes);
            }

            Rewrite(await _inner.ReadAsync(_input, cancellationToken));
        }

        return _output.Read(buffer.Span);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Release();
            _frames?.Dispose();
            _inner.Dispose();
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
