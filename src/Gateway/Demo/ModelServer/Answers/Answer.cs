using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>What a simulated model answers to one call: settled by seed, model and prompt before the first token is due.</summary>
internal sealed class Answer
{
    /// <summary>A fixed time in every answer, so that equal requests have equal bytes: 1 January 2026.</summary>
    public const long Created = 1767225600;

    private const int ToolPieceLength = 4;
    private readonly ulong _seed;
    private readonly int _begun;
    private readonly JsonEncodedText _model;

    public Answer(InferenceCall call, ulong seed, int? fixedTokens)
    {
        _model = JsonEncodedText.Encode(call.Model);
        _seed = Chance.Mix(seed, call.Prompt.Fingerprint);
        Id = _seed.ToString("x16", CultureInfo.InvariantCulture) + Chance.Mix(_seed, 1).ToString("x16", CultureInfo.InvariantCulture)[..8];
        _begun = call.Begun is { } text ? Vocabulary.Count(_seed, text) : 0;

        // What it goes on with is read like the rest of the prompt, a token for a word.
        Call = _begun == 0 ? call : call with { Prompt = call.Prompt with { Tokens = call.Prompt.Tokens + _begun } };
        ToolArguments = call.Tool?.Arguments(Id[..6], 1 + (int)(_seed % 9));
        if (ToolArguments is not null)
        {
            Tokens = (ToolArguments.Length + ToolPieceLength - 1) / ToolPieceLength;
            return;
        }

        var wanted = Math.Max((fixedTokens ?? 24 + (int)(Chance.Mix(_seed, 0) % 97)) - _begun, call.MinTokens);
        Tokens = Math.Max(call.Begun is null ? 1 : 0, Math.Min(wanted, call.MaxTokens ?? int.MaxValue));
        IsCutByLength = Tokens < wanted;
    }

    public InferenceCall Call { get; }

    /// <summary>Identifier without a dialect's prefix, 24 hexadecimal digits.</summary>
    public string Id { get; }

    /// <summary>Tokens of the whole answer, without those it goes on after.</summary>
    public int Tokens { get; }

    public bool IsCutByLength { get; }

    /// <summary>JSON arguments of the tool called; null when the answer is words.</summary>
    public string? ToolArguments { get; }

    public int PromptTokens => Call.Prompt.Tokens;

    /// <summary>Prompt tokens that came from the prefix cache; known once the engine started.</summary>
    public int CachedTokens { get; set; }

    /// <summary>Engine nanoseconds from arrival to the first token, and from there to the last.</summary>
    public (long Prefill, long Decode) Durations { get; set; }

    /// <summary>The model's name as it stands inside a JSON string.</summary>
    public ReadOnlySpan<byte> ModelJson => _model.EncodedUtf8Bytes;

    /// <summary>Bytes of a token of words inside a JSON string.</summary>
    public ReadOnlySpan<byte> TokenJson(int index) => Vocabulary.JsonBytes(_seed, _begun + index);

    /// <summary>The part of <see cref="ToolArguments"/> that token <paramref name="index"/> carries.</summary>
    public string ToolPiece(int index) =>
        ToolArguments!.Substring(index * ToolPieceLength, Math.Min(ToolPieceLength, ToolArguments.Length - (index * ToolPieceLength)));

    /// <summary>The whole text inside a JSON string.</summary>
    public void WriteText(IBufferWriter<byte> output)
    {
        for (var i = 0; i < Tokens; i++)
        {
            output.Add(TokenJson(i));
        }
    }
}
