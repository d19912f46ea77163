using System.Globalization;

namespace BlazeGateway.Benchmarks.Faults.Servers;

/// <summary>How much a model server can do.</summary>
internal sealed record EngineSize
{
    /// <summary>Tokens a second of one sequence.</summary>
    public required int DecodeRate { get; init; }

    /// <summary>Sequences it runs at once; the others queue in it. Null: as many as it runs by default, more than ever come.</summary>
    public int? Slots { get; init; }

    /// <summary>Tokens of the answers it is warmed up with: so few that it has room for all of them.</summary>
    public int WarmTokens { get; init; } = 16;

    /// <summary>Answers at once, about 40 ms for 16 tokens, and is never full.</summary>
    public static EngineSize Ample { get; } = new() { DecodeRate = 400 };

    /// <summary>Is full with 8 requests, long before the machine is: 320 tokens a second.</summary>
    public static EngineSize Small { get; } = new() { DecodeRate = 40, Slots = 8, WarmTokens = 1 };

    /// <summary>As options of <c>blaze model-server</c>. What is common to all: answers are as long as is asked for, prompts cost next to nothing, and a full batch is no slower than one sequence.</summary>
    public string[] Options =>
    [
        "--answer-tokens", "1000",
        "--prefill-rate", "100000", "--batch-cost", "0", "--decode-rate", DecodeRate.ToString(CultureInfo.InvariantCulture),
        .. Slots is { } slots ? ["--max-running", slots.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
    ];
}
