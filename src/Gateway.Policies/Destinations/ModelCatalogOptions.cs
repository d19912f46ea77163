namespace BlazeGateway.Policies.Destinations;

/// <summary>How destinations are asked for their models.</summary>
public sealed record ModelCatalogOptions
{
    /// <summary>Between two questions to a destination that answers. Default: 10 s, ±10 %.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The same for hosted APIs (<c>openai</c>, <c>azure-openai</c>, <c>anthropic</c>). Default: 60 s, ±10 %.</summary>
    public TimeSpan HostedInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two questions to a destination that did not answer the last one, though it is available. Default: 1 s, ±10 %.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait for a whole answer. Default: 1.5 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Largest answer read, bytes. Default: 1 MiB.</summary>
    public int MaxAnswerBytes { get; init; } = 1024 * 1024;

    /// <summary>Most models taken from one destination; the rest are counted and left out. Default: 1,024.</summary>
    public int MaxModelsPerDestination { get; init; } = 1024;

    /// <summary>Between two questions to a server of this kind.</summary>
    internal TimeSpan ListInterval(string kind, bool isFine) => !isFine ? RetryInterval : ModelServerPaths.IsHosted(kind) ? HostedInterval : Interval;
}
