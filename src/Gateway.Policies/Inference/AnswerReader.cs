using System.Buffers.Text;
using System.Runtime.InteropServices;
using BlazeGateway.Policies.Inference.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>Collects what matters from one JSON document of an answer: a whole body, the data of one event, or one line.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct AnswerReader : IJsonSink
{
    private const int Unset = -1;

    private readonly Dialect _dialect;
    private ulong _path;
    private int _unknownDepth;
    private int _start;
    private int _typeStatus;
    private int _codeStatus;
    private int _prompt;
    private int _completion;
    private int _cached;
    private int _cacheRead;
    private int _cacheCreation;
    private bool _isErrorObject;
    private bool _hasError;

    public AnswerReader(Dialect dialect)
    {
        _dialect = dialect;
        Forget();
        ForgetUsage();
    }

    /// <summary>Whether the document brings output of the model.</summary>
    public bool Content { readonly get; private set; }

    /// <summary>Whether the document says the answer is complete.</summary>
    public bool Done { readonly get; private set; }

    /// <summary>Whether the document brings token counts.</summary>
    public bool Usage { readonly get; private set; }

    /// <summary>Whether the document is or holds an error.</summary>
    public readonly bool Error => _hasError || _isErrorObject;

    /// <summary>The error's status code, 500 when the document does not say; only with <see cref="Error"/>.</summary>
    public readonly int ErrorStatus => _codeStatus != 0 ? _codeStatus : _typeStatus != 0 ? _typeStatus : 500;

    /// <summary>Token counts of this document and those before it.</summary>
    public readonly TokenUsage Tokens => new(
        _prompt == Unset ? Unset : _prompt + Math.Max(0, _cacheRead) + Math.Max(0, _cacheCreation),
        _completion,
        _cached != Unset ? _cached : _cacheRead);

    /// <summary>Gets ready for the next document; token counts stay.</summary>
    public void Forget()
    {
        _path = 0;
        _unknownDepth = 0;
        _typeStatus = 0;
        _codeStatus = 0;
        _isErrorObject = false;
        _hasError = false;
        Content = false;
        Done = false;
        Usage = false;
    }

    public readonly bool WantsName(int depth) => depth <= AnswerPath.MaxDepth && (_unknownDepth == 0 || depth <= _unknownDepth);

    public bool Name(int depth, int start, ReadOnlySpan<byte> name)
    {
        var found = AnswerNames.Find(name);
        _path = AnswerPath.With(_path, depth, found);
        _unknownDepth = found == AnswerName.Other ? depth : 0;
        return true;
    }

    public readonly bool Skims(int depth) => IsUnknown(depth);

    public bool Begin(JsonKind kind, int depth, int start, out bool capture)
    {
        capture = false;
        if (IsUnknown(depth))
        {
            return true;
        }

        _start = start;
        var place = AnswerPath.At(_path, depth);
        capture = kind switch
        {
            JsonKind.String => place is AnswerPath.Type or AnswerPath.Object || IsErrorDetail(place),
            JsonKind.Number => true,
            _ => false,
        };
        if (kind == JsonKind.Object && place is AnswerPath.DeltaToolCall or AnswerPath.DeltaFunctionCall or AnswerPath.DeltaAudio or AnswerPath.MessageToolCall)
        {
            Content = true;
        }

        _hasError |= place is AnswerPath.Error or AnswerPath.ResponseError && kind is not (JsonKind.Null or JsonKind.False);
        return true;
    }

    public bool End(JsonKind kind, int depth, int end, ReadOnlySpan<byte> text)
    {
        if (IsUnknown(depth))
        {
            return true;
        }

        var place = AnswerPath.At(_path, depth);
        switch (kind)
        {
            case JsonKind.String:
                Content |= end - _start > 2 && IsContent(place);
                Text(place, text);
                break;
            case JsonKind.Number:
                Number(place, text);
                break;
            case JsonKind.True:
                Done |= place == AnswerPath.Done && _dialect == Dialect.Ollama;
                break;
        }

        return true;
    }

    private readonly bool IsUnknown(int depth) => depth is 0 or > AnswerPath.MaxDepth || (_unknownDepth != 0 && depth >= _unknownDepth);

    private readonly bool IsContent(ulong place) => place switch
    {
        AnswerPath.DeltaContent or AnswerPath.DeltaReasoning or AnswerPath.DeltaRefusal or AnswerPath.ChoiceText => true,
        AnswerPath.MessageContent or AnswerPath.MessageThinking or AnswerPath.ResponseText or AnswerPath.TopThinking => _dialect == Dialect.Ollama,
        _ => false,
    };

    private static bool IsErrorDetail(ulong place) => place is AnswerPath.Code or AnswerPath.ErrorCode or AnswerPath.ErrorType or AnswerPath.ResponseErrorCode;

    private void Text(ulong place, ReadOnlySpan<byte> text)
    {
        if (place == AnswerPath.Type)
        {
            EventType(text);
        }
        else if (place == AnswerPath.Object)
        {
            _isErrorObject = text.SequenceEqual("error"u8);
        }
        else if (place is AnswerPath.ErrorType)
        {
            _typeStatus = ErrorStatuses.Of(text);
        }
        else if (IsErrorDetail(place))
        {
            _codeStatus = ErrorStatuses.Of(text);
        }
    }

    private void EventType(ReadOnlySpan<byte> type)
    {
        if (type.StartsWith("response."u8))
        {
            Content |= type.EndsWith(".delta"u8);
            var failed = type.SequenceEqual("response.failed"u8);
            _hasError |= failed;
            Done |= failed || type.SequenceEqual("response.completed"u8) || type.SequenceEqual("response.incomplete"u8);
        }
        else if (type.SequenceEqual("content_block_delta"u8))
        {
            Content = true;
        }
        else if (type.SequenceEqual("message_stop"u8))
        {
            Done = true;
        }
        else if (type.SequenceEqual("error"u8))
        {
            _isErrorObject = true;
        }
        else if (_typeStatus == 0)
        {
            _typeStatus = ErrorStatuses.Of(type);
        }
    }

    private void Number(ulong place, ReadOnlySpan<byte> text)
    {
        if (!Utf8Parser.TryParse(text, out int value, out var used) || used != text.Length || value < 0)
        {
            return;
        }

        switch (AnswerPath.Unwrap(place))
        {
            case AnswerPath.PromptTokens or AnswerPath.PromptEvalCount:
                Count(ref _prompt, value);
                break;
            case AnswerPath.CompletionTokens or AnswerPath.EvalCount:
                Count(ref _completion, value);
                break;
            case AnswerPath.CachedTokens:
                Count(ref _cached, value);
                break;
            case AnswerPath.CacheRead:
                Count(ref _cacheRead, value);
                break;
            case AnswerPath.CacheCreation:
                Count(ref _cacheCreation, value);
                break;
            case AnswerPath.Code or AnswerPath.ErrorCode or AnswerPath.ErrorStatus or AnswerPath.ResponseErrorCode when value is >= 400 and <= 599:
                _codeStatus = value;
                break;
        }
    }

    private void Count(ref int counter, int value)
    {
        counter = value;
        Usage = true;
    }

    private void ForgetUsage()
    {
        _prompt = Unset;
        _completion = Unset;
        _cached = Unset;
        _cacheRead = Unset;
        _cacheCreation = Unset;
    }
}
