namespace BlazeGateway.Benchmarks.Faults.Traffic;

/// <summary>Requests that come at equal gaps, whatever becomes of those before.</summary>
internal sealed record Arrivals
{
    /// <summary>Requests a second.</summary>
    public required double Rate { get; init; }

    /// <summary>How many.</summary>
    public required int Count { get; init; }

    /// <summary>Share of them that ask for a stream, drawn by <see cref="Seed"/>. Default: a half.</summary>
    public double StreamShare { get; init; } = 0.5;

    /// <summary>Tokens of an answer; with several, one is drawn for each request by <see cref="Seed"/>. Default: 16.</summary>
    public IReadOnlyList<int> AnswerTokens { get; init; } = [16];

    /// <summary>Fields of each request besides those that any has. Default: none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Fixes prompts, which requests are streams, and how long answers are.</summary>
    public required int Seed { get; init; }

    /// <summary>Seconds from the first request to the end of the last gap.</summary>
    public double Seconds => Count / Rate;
}
