using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Demo.Simulation.Traces;

/// <summary>
/// Decisions of a gateway, as <c>/api/v1/decisions</c> tells them in lines, newest or oldest first. Lengths are those the model server stated, else those that
/// were estimated. Of what prompts share, the longest of 1, 2, 4 … 256 blocks of 64 bytes is known, at 16 tokens each. Lost are conversations, what prompts
/// share beyond that, and requests that came to no pick.
/// </summary>
internal sealed class DecisionTrace : ITraceFormat
{
    /// <summary>Tokens of a block: 64 bytes of about four characters a token.</summary>
    public const int BlockTokens = 16;

    private ulong _requests;

    /// <inheritdoc />
    public bool HasHeading => false;

    /// <summary>Whether a line is one of these.</summary>
    public static bool Begins(string line) =>
        line.StartsWith('{') && line.Contains("\"requestId\"", StringComparison.Ordinal) && line.Contains("\"strategy\"", StringComparison.Ordinal);

    /// <inheritdoc />
    public TraceRequest? Read(string line)
    {
        var read = Parse(line);
        // Of a request that was picked for several times the last one tells how long it was.
        if (read.Outcome?.Next is not null || (read.Outcome?.PromptTokens ?? read.PromptTokens) is not { } stated)
        {
            return null;
        }

        var prompt = TraceLimits.Tokens("promptTokens", $"{stated}", 1);
        var answer = TraceLimits.Tokens("answerTokens", $"{read.Outcome?.AnswerTokens ?? read.AnswerTokens ?? 0}", 0);
        return new TraceRequest(new TimeSpan(read.Time.UtcTicks), Parts(read.Prefix ?? [], prompt), answer);
    }

    /// <summary>One part for each doubling of the beginning, and one that no other request has for the rest.</summary>
    private List<PromptPart> Parts(IReadOnlyList<string> prefix, int prompt)
    {
        var parts = new List<PromptPart>(prefix.Count + 1);
        var left = prompt;
        for (var mark = 0; mark < prefix.Count && left > 0; mark++)
        {
            if (!ulong.TryParse(prefix[mark], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id))
            {
                throw new FormatException($"prefix has '{prefix[mark]}'; each must be 16 hexadecimal digits");
            }

            var tokens = Math.Min(left, BlockTokens * (mark == 0 ? 1 : 1 << (mark - 1)));
            parts.Add(new PromptPart(id, tokens));
            left -= tokens;
        }

        if (left > 0)
        {
            parts.Add(new PromptPart(++_requests, left));
        }

        return parts;
    }

    private static Line Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, DecisionLineJson.Default.Line) ?? throw new FormatException("it is null; it must be a decision");
        }
        catch (JsonException error)
        {
            throw new FormatException($"it is no JSON object with a time and the numbers promptTokens and answerTokens ({error.Message.Split(". ")[0]})", error);
        }
    }

    internal sealed record Line
    {
        public required DateTimeOffset Time { get; init; }

        public int? PromptTokens { get; init; }

        public int? AnswerTokens { get; init; }

        public IReadOnlyList<string>? Prefix { get; init; }

        public Stated? Outcome { get; init; }
    }

    /// <summary>What the model server stated, and whether the request went on.</summary>
    internal sealed record Stated(int? PromptTokens, int? AnswerTokens, string? Next = null);
}

/// <summary>Lines of decisions.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DecisionTrace.Line))]
internal sealed partial class DecisionLineJson : JsonSerializerContext;
