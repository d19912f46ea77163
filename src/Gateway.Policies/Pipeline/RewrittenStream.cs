using System.Buffers;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Passes an observed answer on with the changes its route asks for: token counts the gateway asked for are taken out, the public model name is put
/// back. Holds back at most the event that is not complete yet.
/// </summary>
internal sealed class RewrittenStream : ChangedStream
{
    private readonly FrameRewriter? _frames;
    private readonly JsonModelRewriter? _document;

    public RewrittenStream(ObservedStream inner, bool isStream, bool hideUsage, string? publicModel, Dialect dialect)
        : base(inner)
    {
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
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _frames?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <inheritdoc />
    protected override void Change(ReadOnlySpan<byte> bytes)
    {
        if (_frames is not null)
        {
            _frames.Write(bytes, Output);
        }
        else if (_document is not null)
        {
            _document.Write(bytes, Output);
        }
        else
        {
            Output.Write(bytes);
        }
    }

    /// <inheritdoc />
    protected override void Complete() => _frames?.Complete(Output);
}
