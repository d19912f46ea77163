using System.Runtime.InteropServices;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Watches an answer of either form, a stream of events or one document. A mutable struct: keep it in place.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct AnswerScanner
{
    private readonly bool _isStream;
    private StreamScanner _stream;
    private JsonUsageScanner _document;

    public AnswerScanner(Dialect dialect, bool isStream)
    {
        _isStream = isStream;
        if (isStream)
        {
            _stream = new StreamScanner(dialect);
        }
        else
        {
            _document = new JsonUsageScanner(dialect);
        }
    }

    /// <summary>Events that brought output of the model.</summary>
    public readonly int ContentChunks => _stream.ContentChunks;

    /// <summary>Token counts stated so far.</summary>
    public readonly TokenUsage Usage => _isStream ? _stream.Usage : _document.Usage;

    /// <summary>Whether a frame may be put in here.</summary>
    public readonly bool AtFrameBoundary => _isStream && _stream.AtFrameBoundary;

    /// <summary>Status code of the first error in the answer, 0 when there was none.</summary>
    public readonly int ErrorStatus => _isStream ? _stream.ErrorStatus : _document.ErrorStatus;

    /// <summary>Looks at the next bytes; the first bytes of a document count as content.</summary>
    public StreamMarks Feed(ReadOnlySpan<byte> bytes)
    {
        if (_isStream)
        {
            return _stream.Feed(bytes);
        }

        _document.Feed(bytes);
        return StreamMarks.Content;
    }

    /// <summary>The answer ended.</summary>
    public void Complete()
    {
        if (_isStream)
        {
            _stream.Complete();
        }
    }
}
