using System.Runtime.InteropServices;
using BlazeGateway.Policies.Inference.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>What one read of a stream brought.</summary>
[Flags]
internal enum StreamMarks : byte
{
    None = 0,

    /// <summary>Output of the model. Roles, pings, comments and token counts alone are not.</summary>
    Content = 1,

    /// <summary>An error instead of output.</summary>
    Error = 2,

    /// <summary>The answer is complete.</summary>
    Done = 4,

    /// <summary>Token counts.</summary>
    Usage = 8,
}

/// <summary>
/// Looks at a streamed answer beside the copy: server-sent events (HTML standard, section 9.2) or one JSON object per line, in reads of any size. Keeps
/// no bytes but this struct, whatever the length of a line, and allocates nothing. A mutable struct: keep it in place.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct StreamScanner
{
    private readonly bool _lines;
    private EventFramer _framer;
    private JsonMachine<AnswerReader> _json;
    private bool _lineOpen;

    public StreamScanner(Dialect dialect)
    {
        _lines = dialect == Dialect.Ollama;
        _json.Sink = new AnswerReader(dialect);
    }

    /// <summary>Events that brought output of the model.</summary>
    public int ContentChunks { readonly get; private set; }

    /// <summary>Events seen, whatever they brought; comments are none.</summary>
    public int Events { readonly get; private set; }

    /// <summary>Everything seen so far.</summary>
    public StreamMarks Seen { readonly get; private set; }

    /// <summary>Status code of the first error, 0 when there was none, 500 when it did not say.</summary>
    public int ErrorStatus { readonly get; private set; }

    /// <summary>Token counts stated so far.</summary>
    public readonly TokenUsage Usage => _json.Sink.Tokens;

    /// <summary>Whether a frame may be put in here: everything fed was whole events, comments and blank lines.</summary>
    public readonly bool AtFrameBoundary => _lines ? !_lineOpen : _framer.AtBoundary;

    /// <summary>Looks at the bytes of one read.</summary>
    public StreamMarks Feed(ReadOnlySpan<byte> bytes)
    {
        var marks = StreamMarks.None;
        while (bytes.Length > 0)
        {
            marks |= _lines ? FeedLine(ref bytes) : FeedEvent(ref bytes);
        }

        return marks;
    }

    /// <summary>Says that the stream ended. A last event without its blank line counts when it is whole.</summary>
    public StreamMarks Complete()
    {
        if (_lines)
        {
            return _lineOpen ? EndLine() : StreamMarks.None;
        }

        return _framer.End() ? EndEvent() : StreamMarks.None;
    }

    private StreamMarks FeedLine(ref ReadOnlySpan<byte> bytes)
    {
        var length = bytes.IndexOf((byte)'\n');
        _lineOpen = length != 0 || _lineOpen;
        _json.Feed(length < 0 ? bytes : bytes[..length]);
        bytes = length < 0 ? default : bytes[(length + 1)..];
        return length < 0 ? StreamMarks.None : EndLine();
    }

    private StreamMarks EndLine()
    {
        Events += _lineOpen ? 1 : 0;
        _lineOpen = false;
        return Conclude(_json.Finish(), error: false, done: false);
    }

    private StreamMarks FeedEvent(ref ReadOnlySpan<byte> bytes)
    {
        var step = _framer.Next(ref bytes, out var data);
        if (step == EventStep.Data)
        {
            _json.Feed(data);
            return StreamMarks.None;
        }

        if (step == EventStep.NewLine)
        {
            _json.Feed("\n"u8);
            return StreamMarks.None;
        }

        return step == EventStep.Dispatch ? EndEvent() : StreamMarks.None;
    }

    private StreamMarks EndEvent()
    {
        Events += _framer.HasData ? 1 : 0;
        var marks = Conclude(_json.Finish(), _framer.IsError, _framer.IsDone);
        _framer.Forget();
        return marks;
    }

    private StreamMarks Conclude(bool whole, bool error, bool done)
    {
        var marks = StreamMarks.None;
        ref var sink = ref _json.Sink;
        if (whole)
        {
            marks |= sink.Content ? StreamMarks.Content : StreamMarks.None;
            marks |= sink.Done ? StreamMarks.Done : StreamMarks.None;
            marks |= sink.Usage ? StreamMarks.Usage : StreamMarks.None;
            error |= sink.Error;
        }

        if (error)
        {
            marks |= StreamMarks.Error;
            ErrorStatus = ErrorStatus == 0 ? sink.ErrorStatus : ErrorStatus;
        }

        marks |= done ? StreamMarks.Done : StreamMarks.None;
        ContentChunks += (marks & StreamMarks.Content) != StreamMarks.None ? 1 : 0;
        Seen |= marks;
        sink.Forget();
        _json.Restart();
        return marks;
    }
}
