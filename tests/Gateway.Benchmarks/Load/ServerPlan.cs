namespace BlazeGateway.Benchmarks.Load;

/// <summary>How to start a server and reach it.</summary>
internal sealed record ServerPlan
{
    public required string FileName { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Where the load goes.</summary>
    public required Uri Url { get; init; }

    /// <summary>Variables it has besides those of this process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty;

    /// <summary>What stands before the address in the line of stdout by which the server tells that it serves; its <see cref="Url"/> is then that address. Default: it tells nothing.</summary>
    public string? Announcement { get; init; }

    /// <summary>Answers below 400 once the server serves; default is <see cref="Url"/>.</summary>
    public Uri? ReadyUrl { get; init; }

    /// <summary>Answers with the bytes allocated so far: a number, or metrics in Prometheus' text format.</summary>
    public Uri? AllocatedUrl { get; init; }
}
