using System.Buffers.Text;
using System.Buffers;
using System.Runtime.InteropServices;
using BlazeGateway.Policies.Inference.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>Collects <see cref="InferenceFacts"/> from a body and refuses what two parsers could read differently.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct PeekSink : IJsonSink
{
    private static readonly SearchValues<byte> _modelBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@-"u8);

    public InferenceFacts Facts;
    public BodyRange PromptCacheKey;
    public BodyRange CacheSalt;
    public BodyRange User;
    public BodyRange Conversation;

    private Dialect _dialect;
    private uint _seen;
    private PeekField _member;
    private PeekField _option;
    private int _start;
    private int _optionStart;
    private int _options;

    public PeekResult Problem { readonly get; private set; }

    /// <summary>Whether the root is an object.</summary>
    public bool IsObject { readonly get; private set; }

    public static PeekSink Create(Operation operation) => new()
    {
        _dialect = InferencePath.DialectOf(operation),
        Facts = new InferenceFacts
        {
            Stream = operation is Operation.OllamaChat or Operation.OllamaGenerate,
            MaxOutputTokens = -1,
            Choices = 1,
        },
    };

    public readonly bool WantsName(int depth) => IsObject && (depth == 1 || (depth == 2 && _member is PeekField.StreamOptions or PeekField.Options));

    public bool Name(int depth, int start, ReadOnlySpan<byte> name)
    {
        var field = PeekFields.Find(_dialect, depth == 1 ? PeekField.None : _member, Cut(name), out var exact);
        if (depth == 1)
        {
            _member = field;
        }
        else
        {
            _options++;
            _option = field;
        }

        if (field == PeekField.None)
        {
            return name.IndexOf((byte)0xFF) < 0 || Refuse(GatewayError.AmbiguousModel, PeekField.None, PeekReason.Spelling);
        }

        var bit = 1u << (int)field;
        if (!exact)
        {
            return Refuse(GatewayError.AmbiguousModel, field, PeekReason.Spelling);
        }

        if ((_seen & bit) != 0)
        {
            return Refuse(GatewayError.AmbiguousModel, field, PeekReason.Repeated);
        }

        _seen |= bit;
        return true;
    }

    public readonly bool Skims(int depth) => depth >= 2;

    public bool Begin(JsonKind kind, int depth, int start, out bool capture)
    {
        capture = false;
        if (depth > 2)
        {
            return true;
        }

        if (depth == 0)
        {
            IsObject = kind == JsonKind.Object;
            Facts.UsageSplice = UsageSplice.Member;
            Facts.UsageRange = new BodyRange(start + 1, 0);
            return true;
        }

        var field = depth == 1 ? _member : _option;
        if (!IsObject || field == PeekField.None || (depth == 2 && _member is not (PeekField.StreamOptions or PeekField.Options)))
        {
            return true;
        }

        if (depth == 1)
        {
            _start = start;
        }
        else
        {
            _optionStart = start;
        }

        capture = kind is JsonKind.String or JsonKind.Number && field < PeekField.PromptCacheKey;
        return Allows(field, kind) || RefuseType(field, kind);
    }

    public bool End(JsonKind kind, int depth, int end, ReadOnlySpan<byte> text)
    {
        if (depth is 0 or > 2 || !IsObject)
        {
            return true;
        }

        if (depth == 1)
        {
            var member = _member;
            _member = PeekField.None;
            return EndMember(member, kind, new BodyRange(_start, end - _start), text);
        }

        var option = _option;
        _option = PeekField.None;
        switch (option)
        {
            case PeekField.NumPredict:
                return Tokens(kind, option, text);
            case PeekField.IncludeUsage:
                Facts.IncludeUsage = kind == JsonKind.True;
                Facts.UsageSplice = Facts.IncludeUsage ? UsageSplice.None : UsageSplice.Value;
                Facts.UsageRange = new BodyRange(_optionStart, end - _optionStart);
                return true;
            default:
                return true;
        }
    }

    private bool EndMember(PeekField member, JsonKind kind, BodyRange range, ReadOnlySpan<byte> text)
    {
        switch (member)
        {
            case PeekField.Model:
                return Model(range, text);
            case PeekField.Stream:
                Facts.Stream = kind == JsonKind.Null ? Facts.Stream : kind == JsonKind.True;
                return true;
            case PeekField.MaxTokens or PeekField.MaxCompletionTokens or PeekField.MaxOutputTokens:
                return Tokens(kind, member, text);
            case PeekField.N or PeekField.BestOf:
                return Count(kind, member, text);
            case PeekField.StreamOptions:
                StreamOptions(kind, range);
                return true;
            case PeekField.Store:
                Facts.Store = kind == JsonKind.True;
                return true;
            case PeekField.Background:
                Facts.Background = kind == JsonKind.True;
                return true;
            case PeekField.PromptCacheKey:
                PromptCacheKey = kind == JsonKind.Null ? default : range;
                return true;
            case PeekField.CacheSalt:
                CacheSalt = kind == JsonKind.Null ? default : range;
                return true;
            case PeekField.User:
                User = kind == JsonKind.Null ? default : range;
                return true;
            case PeekField.Conversation:
                Conversation = kind == JsonKind.Null ? default : range;
                return true;
            case >= PeekField.Tools:
                Facts.HasTools |= member == PeekField.Tools && kind is JsonKind.Array or JsonKind.Object;
                Facts.SetPrompt(member, range);
                return true;
            default:
                return true;
        }
    }

    private bool Model(BodyRange range, ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return Refuse(GatewayError.ModelMissing, PeekField.Model, PeekReason.Characters);
        }

        if (text.Length > InferenceFacts.MaxModelLength || text.ContainsAnyExcept(_modelBytes))
        {
            return Refuse(GatewayError.AmbiguousModel, PeekField.Model, PeekReason.Characters);
        }

        Facts.SetModel(text);
        Facts.ModelRange = new BodyRange(range.Offset + 1, range.Length - 2);
        return true;
    }

    private bool Tokens(JsonKind kind, PeekField field, ReadOnlySpan<byte> text)
    {
        if (kind == JsonKind.Number)
        {
            if (!TryInteger(text, out var value))
            {
                return Refuse(GatewayError.AmbiguousModel, field, PeekReason.Type);
            }

            Facts.MaxOutputTokens = Math.Max(Facts.MaxOutputTokens, value);
        }

        return true;
    }

    private bool Count(JsonKind kind, PeekField field, ReadOnlySpan<byte> text)
    {
        if (kind == JsonKind.Number)
        {
            if (!TryInteger(text, out var value))
            {
                return Refuse(GatewayError.AmbiguousModel, field, PeekReason.Type);
            }

            Facts.Choices = Math.Max(Facts.Choices, value);
        }

        return true;
    }

    private void StreamOptions(JsonKind kind, BodyRange range)
    {
        if (kind == JsonKind.Null)
        {
            Facts.UsageSplice = UsageSplice.Object;
            Facts.UsageRange = range;
        }
        else if (Facts.UsageSplice == UsageSplice.Member)
        {
            Facts.UsageSplice = _options == 0 ? UsageSplice.OnlyOption : UsageSplice.FirstOption;
            Facts.UsageRange = new BodyRange(range.Offset + 1, 0);
        }
    }

    /// <summary>An integer as written by an integer: digits with at most a minus, saturated. 1e2 and 100.0 are not, for parsers differ on them.</summary>
    private static bool TryInteger(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        var digits = text.StartsWith("-"u8) ? text[1..] : text;
        if (digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return false;
        }

        var fits = Utf8Parser.TryParse(digits, out int parsed, out var used) && used == digits.Length;
        value = digits.Length < text.Length ? -1 : fits ? parsed : int.MaxValue;
        return true;
    }

    private static bool Allows(PeekField field, JsonKind kind) => kind == JsonKind.Null ? field != PeekField.Model : field switch
    {
        PeekField.Model or PeekField.PromptCacheKey or PeekField.CacheSalt => kind == JsonKind.String,
        PeekField.Stream or PeekField.Store or PeekField.Background or PeekField.IncludeUsage => kind is JsonKind.True or JsonKind.False,
        PeekField.StreamOptions or PeekField.Options => kind == JsonKind.Object,
        PeekField.User or PeekField.Conversation or >= PeekField.Tools => true,
        _ => kind == JsonKind.Number,
    };

    private bool RefuseType(PeekField field, JsonKind kind) => field == PeekField.Model && kind == JsonKind.Null
        ? Refuse(GatewayError.ModelMissing, field, PeekReason.Missing)
        : Refuse(GatewayError.AmbiguousModel, field, PeekReason.Type);

    private bool Refuse(GatewayError error, PeekField field, PeekReason reason)
    {
        Problem = new PeekResult(error, field, reason);
        return false;
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> name) => name.Length > 128 ? name[..128] : name;
}
