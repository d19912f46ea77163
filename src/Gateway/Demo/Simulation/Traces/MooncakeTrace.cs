using System.Text.Json;
using System.Text.Json.Serialization;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Demo.Simulation.Traces;

/// <summary>Mooncake's traces: a time in milliseconds, lengths in tokens, and an id for each 512 tokens of the prompt; equal ids are equal beginnings.</summary>
internal sealed class MooncakeTrace : ITraceFormat
{
    private const int BlockTokens = 512;

    private readonly Dictionary<long, int> _sessions = [];
    private int _session;

    /// <inheritdoc />
    public bool HasHeading => false;

    /// <inheritdoc />
    public TraceRequest Read(string line)
    {
        var read = Parse(line);
        if (read.Timestamp is not (>= 0 and <= 1e14))
        {
            throw new FormatException($"timestamp is '{read.Timestamp}'; it must be milliseconds from 0 to 1e14");
        }

        var prompt = TraceLimits.Tokens("input_length", $"{read.InputLength}", 1);
        var last = prompt - (BlockTokens * ((long)read.HashIds.Length - 1));
        if (last is < 1 or > BlockTokens)
        {
            throw new FormatException($"hash_ids has {read.HashIds.Length} entries; input_length {prompt} must have {(prompt + BlockTokens - 1) / BlockTokens}, one for each begun {BlockTokens} tokens");
        }

        var parts = Array.ConvertAll(read.HashIds, id => new PromptPart((ulong)id + 1, BlockTokens));
        parts[^1] = parts[^1] with { Tokens = (int)last };
        return new TraceRequest(TimeSpan.FromMilliseconds(read.Timestamp), parts, TraceLimits.Tokens("output_length", $"{read.OutputLength}", 0)) { Session = Session(read.HashIds) };
    }

    private static Line Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, TraceJson.Default.Line) is { HashIds: not null } read
                ? read
                : throw new FormatException("it is null, or its hash_ids are");
        }
        catch (JsonException error)
        {
            throw new FormatException($"it is no JSON object with the numbers timestamp, input_length, output_length and the list hash_ids ({error.Message.Split(". ")[0]})", error);
        }
    }

    /// <summary>
    /// The trace tells no conversations. A request is taken to go on with one when it begins with all full blocks, two at least, of that one's latest prompt;
    /// what many begin with alike, such as a system prompt, is shorter.
    /// </summary>
    private int Session(long[] ids)
    {
        var session = -1;
        for (var i = ids.Length - 1; i >= 1 && session < 0; i--)
        {
            session = _sessions.Remove(ids[i], out var known) ? known : -1;
        }

        session = session < 0 ? _session++ : session;
        if (ids.Length > 2)
        {
            _sessions[ids[^2]] = session;
        }

        return session;
    }

    internal sealed record Line
    {
        [JsonPropertyName("timestamp")]
        public required double Timestamp { get; init; }

        [JsonPropertyName("input_length")]
        public required long InputLength { get; init; }

        [JsonPropertyName("output_length")]
        public required long OutputLength { get; init; }

        [JsonPropertyName("hash_ids")]
        public required long[] HashIds { get; init; }
    }
}

/// <summary>Lines of traces.</summary>
[JsonSerializable(typeof(MooncakeTrace.Line))]
internal sealed partial class TraceJson : JsonSerializerContext;
