using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlazeGateway.Policies.Inference.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>Bytes of an answer to replace.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">First byte after it, −1 while it is not known.</param>
/// <param name="IsModel">Whether the public model name takes their place, else nothing does.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AnswerEdit(int Start, int End, bool IsModel);

/// <summary>Finds what has to change in one JSON document of an answer: the model's name, and token counts the client did not ask for.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct RewriteSink : IJsonSink
{
    private const int MaxEdits = 8;
    private const ulong Model = (ulong)AnswerName.Model | (1UL << 56);
    private const ulong MessageModel = (ulong)AnswerName.Message | ((ulong)AnswerName.Model << 8) | (2UL << 56);
    private const ulong ResponseModel = (ulong)AnswerName.Response | ((ulong)AnswerName.Model << 8) | (2UL << 56);
    private const ulong Usage = (ulong)AnswerName.Usage | (1UL << 56);
    private const ulong Choices = (ulong)AnswerName.Choices | (1UL << 56);

    private readonly bool _model;
    private readonly bool _usage;
    private ulong _path;
    private int _unknownDepth;
    private int _nameStart;
    private int _lastEnd;
    private int _pendingStart;
    private bool _emptyChoices;
    private bool _usageObject;
    private Edits _edits;

    public RewriteSink(bool model, bool usage)
    {
        _model = model;
        _usage = usage;
        Forget();
    }

    /// <summary>Edits found, in order.</summary>
    public int Count { readonly get; private set; }

    /// <summary>Whether the document holds token counts and no choice.</summary>
    public readonly bool IsUsageOnly => _usage && _emptyChoices && _usageObject;

    /// <summary>An edit by its number.</summary>
    public readonly AnswerEdit this[int index] => _edits[index];

    /// <summary>Gets ready for the next document.</summary>
    public void Forget()
    {
        _path = 0;
        _unknownDepth = 0;
        _lastEnd = -1;
        _pendingStart = -1;
        _emptyChoices = false;
        _usageObject = false;
        Count = 0;
    }

    public readonly bool WantsName(int depth) => depth == 1 || (depth == 2 && _unknownDepth == 0);

    public bool Name(int depth, int start, ReadOnlySpan<byte> name)
    {
        var found = AnswerNames.Find(name);
        _path = AnswerPath.With(_path, depth, found);
        if (depth == 1)
        {
            _unknownDepth = found is AnswerName.Model or AnswerName.Message or AnswerName.Response or AnswerName.Usage or AnswerName.Choices ? 0 : 1;
            _nameStart = start;
            Settle(start);
        }

        return true;
    }

    public readonly bool Skims(int depth) => depth > 1;

    public bool Begin(JsonKind kind, int depth, int start, out bool capture)
    {
        capture = false;
        if (depth is not (1 or 2) || _unknownDepth != 0)
        {
            return true;
        }

        var place = AnswerPath.At(_path, depth);
        _emptyChoices = kind == JsonKind.Array && place == Choices
            ? depth == 1
            : _emptyChoices && !(depth == 2 && (AnswerName)(byte)place == AnswerName.Choices);
        _usageObject |= kind == JsonKind.Object && place == Usage;
        if (_model && kind == JsonKind.String && place is Model or MessageModel or ResponseModel)
        {
            Add(new AnswerEdit(start, -1, IsModel: true));
        }

        return true;
    }

    public bool End(JsonKind kind, int depth, int end, ReadOnlySpan<byte> text)
    {
        if (Count > 0 && _edits[Count - 1].End < 0)
        {
            _edits[Count - 1] = _edits[Count - 1] with { End = end };
        }

        if (depth == 0)
        {
            Settle(_lastEnd);
        }
        else if (depth == 1)
        {
            if (_usage && kind == JsonKind.Null && _unknownDepth == 0 && AnswerPath.At(_path, 1) == Usage)
            {
                RemoveUsage(end);
            }

            _lastEnd = end;
        }

        return true;
    }

    private void RemoveUsage(int end)
    {
        if (_lastEnd < 0)
        {
            _pendingStart = _nameStart;
        }
        else
        {
            Add(new AnswerEdit(_lastEnd, end, IsModel: false));
        }
    }

    /// <summary>A first member goes together with the comma after it, so how far is known only at the next member or at the end.</summary>
    private void Settle(int end)
    {
        if (_pendingStart >= 0)
        {
            Add(new AnswerEdit(_pendingStart, end, IsModel: false));
            _pendingStart = -1;
        }
    }

    private void Add(AnswerEdit edit)
    {
        if (Count < MaxEdits)
        {
            _edits[Count++] = edit;
        }
    }

    [InlineArray(MaxEdits)]
    private struct Edits
    {
        private AnswerEdit _first;
    }
}
