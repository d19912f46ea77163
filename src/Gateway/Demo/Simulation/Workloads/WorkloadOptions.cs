using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Demo.Simulation.Workloads;

/// <summary>What requests of a scenario are like. Lengths are in tokens, times in seconds.</summary>
internal sealed record WorkloadOptions
{
    /// <summary>Requests a second of single prompts; conversations begun a second when there are turns. They come independently of each other (Poisson).</summary>
    [Range(0.001, 1_000_000)]
    public double Rate { get; init; } = 10;

    /// <summary>Length of a prompt, or of what a user adds in one turn.</summary>
    public LengthOptions Prompt { get; init; } = new() { Median = 400, Sigma = 0.8, Max = 4000 };

    /// <summary>Length of an answer.</summary>
    public LengthOptions Answer { get; init; } = new() { Median = 24, Sigma = 0.5, Max = 256 };

    /// <summary>Conversations; null for single prompts that share nothing.</summary>
    public SessionOptions? Sessions { get; init; }
}

/// <summary>A length that is log-normally distributed.</summary>
internal sealed record LengthOptions
{
    /// <summary>Half are shorter.</summary>
    [Range(1, 1_000_000)]
    public double Median { get; init; } = 100;

    /// <summary>Standard deviation of the logarithm; 0 for one length.</summary>
    [Range(0.0, 5.0)]
    public double Sigma { get; init; }

    /// <summary>Longest; longer ones are cut.</summary>
    [Range(1, 10_000_000)]
    public int Max { get; init; } = 1_000_000;
}

/// <summary>Conversations: each turn's prompt is everything said before, and one part more.</summary>
internal sealed record SessionOptions
{
    /// <summary>Turns of a conversation on average; each turn is as likely as the others to be the last (geometric).</summary>
    [Range(1.0, 1000.0)]
    public double Turns { get; init; } = 6;

    /// <summary>Seconds between two turns on average (exponential), counted from when the earlier one came.</summary>
    [Range(0.0, 100_000.0)]
    public double Pause { get; init; } = 5;

    /// <summary>System prompts that conversations begin with, each as likely.</summary>
    [Range(1, 10_000)]
    public int SystemPrompts { get; init; } = 4;

    /// <summary>Tokens of a system prompt.</summary>
    [Range(0, 1_000_000)]
    public int SystemTokens { get; init; } = 128;
}
