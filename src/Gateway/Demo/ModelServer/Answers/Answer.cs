using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>What a simulated model answers to one call: settled by seed, model and prompt before the first token is due.</summary>
internal sealed class Answer
{
    /// <summary>A fixed time in every answer, so that equal requests have equal bytes: 1 January 2026.</summary>
    public const long Created = 1767225600;

    private readonly ulong _seed;
    private readonly JsonEncodedText _modelJson;

    public Answer(InferenceCall call, ulong seed, int? fixedTokens)
    {
        Call = call;
        _modelJson = JsonEncodedText.Encode(call.Model);
        _seed = Chance.Mix(seed, call.Prompt.Fingerprint);
        Id = _seed.ToString("x16", CultureInfo.InvariantCulture) + Chance.Mix(_seed, 1).ToString("x8", CultureInfo.InvariantCulture)[..8];
        ToolArguments = call.Tool is null ? null : $$"""{"query":"{{Id[..6]}}","limit":{{1 + (_seed % 9)}}}""";
        var natural = call.Tool is not null ? 16 : fixedTokens ?? 24 + (int)(Chance.Mix(_seed, 0) % 97);
        var wanted = Math.Max(natural, call.MinTokens);
        Tokens = Math.Max(1, Math.Min(wanted, call.MaxTokens ?? int.MaxValue));
        IsCutByLength = Tokens < wanted && call.Tool is null;
    }

    public InferenceCall Call { get; }

    /// <summary>Identifier without a dialect's prefix, 24 hexadecimal digits.</summary>
    public string Id { get; }

    public string Model => Call.Model;

    /// <summary>Tokens of the whole answer.</summary>
    public int Tokens { get; }

    public bool IsCutByLength { get; }

    /// <summary>JSON arguments of the tool called; null when the answer is words.</summary>
    public string? ToolArguments { get; }

    public int PromptTokens => Call.Prompt.Tokens;

    /// <summary>Prompt tokens that came from the prefix cache; known once the engine started.</summary>
    public int CachedTokens { get; set; }

    /// <summary>Engine nanoseconds from arrival to the end of the prompt, and from there to the last token.</summary>
    public (long Queue, long Prefill, long Decode) Durations { get; set; }

    /// <summary>The model's name as it stands inside a JSON string.</summary>
    public ReadOnlySpan<byte> ModelJson => _modelJson.EncodedUtf8Bytes;

    /// <summary><see cref="ToolArguments"/> as it stands inside a JSON string.</summary>
    public string ToolArgumentsJson => ToolArguments!.Replace("\"", "\\\"", StringComparison.Ordinal);

    /// <summary>The part of <see cref="ToolArgumentsJson"/> that token <paramref name="index"/> carries: every piece holds whole escapes.</summary>
    public string ToolPiece(int index)
    {
        var arguments = ToolArguments!;
        var size = (arguments.Length + Tokens - 1) / Tokens;
        var start = Math.Min(arguments.Length, index * size);
        return arguments.Substring(start, Math.Min(size, arguments.Length - start)).Replace("\"", "\\\"", StringComparison.Ordinal);
    }

    public void WriteTextJson(IBufferWriter<byte> output)
    {
        for (var i = 0; i < Tokens; i++)
        {
            output.Write(TokenJson(i));
        }
    }

    public ReadOnlySpan<byte> TokenJson(int index) => Vocabulary.JsonBytes(_seed, index);

    /// <summary>The whole text.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        for (var i = 0; i < Tokens; i++)
        {
            text.Append(Vocabulary.Text(_seed, i));
        }

        return text.ToString();
    }
}
