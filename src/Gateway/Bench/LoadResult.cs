namespace BlazeGateway.Bench;

/// <summary>What a load measured. All times in milliseconds; every count is of logical requests unless its name says otherwise.</summary>
internal sealed record LoadResult
{
    /// <summary>False when the loader itself was the limit: the figures then say nothing about the server.</summary>
    public bool IsValid => Void.Count == 0;

    /// <summary>Why the figures are void, empty when they count.</summary>
    public required IReadOnlyList<string> Void { get; init; }

    public required LoadSettings Settings { get; init; }

    /// <summary>From the first scheduled start to the last end, seconds.</summary>
    public required double ElapsedSeconds { get; init; }

    public required long Requests { get; init; }

    public required long Ok { get; init; }

    public long Failed => Requests - Ok;

    /// <summary>Complete answers per second over the time in which requests were started.</summary>
    public required double OkPerSecond { get; init; }

    /// <summary>Those of <see cref="OkPerSecond"/> whose first content (or whole answer, without a stream) came within the target.</summary>
    public required double GoodPerSecond { get; init; }

    /// <summary>Share of all requests that were answered within the target.</summary>
    public required double GoodShare { get; init; }

    /// <summary>Requests by outcome.</summary>
    public required IReadOnlyDictionary<string, long> Outcomes { get; init; }

    /// <summary>Complete responses by status, each attempt counted.</summary>
    public required IReadOnlyDictionary<string, long> Statuses { get; init; }

    public required long Attempts { get; init; }

    public required long Connects { get; init; }

    public required long BodyBytes { get; init; }

    public required long ContentEvents { get; init; }

    /// <summary>Tokens by the servers' count.</summary>
    public required long Tokens { get; init; }

    /// <summary>Whole answers that are <c>ok</c>, from the scheduled start.</summary>
    public required Percentiles Latency { get; init; }

    /// <summary>Scheduled start to first content event, streams only.</summary>
    public Percentiles? TimeToFirstToken { get; init; }

    /// <summary>Between content events, streams only.</summary>
    public Percentiles? InterTokenLatency { get; init; }

    /// <summary>(last content − first content) / (tokens − 1), per stream.</summary>
    public Percentiles? TimePerOutputToken { get; init; }

    /// <summary>Requests that did not end well, from the scheduled start.</summary>
    public Percentiles? FailureLatency { get; init; }

    /// <summary>Body digests and how often each came, when asked for; at most 1,000.</summary>
    public IReadOnlyDictionary<string, long>? Hashes { get; init; }

    /// <summary>One entry per second of the load, by time of completion.</summary>
    public required IReadOnlyList<LoadSecond> Seconds { get; init; }

    /// <summary>The first 200 failures.</summary>
    public required IReadOnlyList<LoadFailure> Failures { get; init; }

    public required LoaderFacts Loader { get; init; }
}

/// <summary>The settings that matter for repeating a load.</summary>
internal sealed record LoadSettings
{
    public required string Url { get; init; }

    public string? Model { get; init; }

    public bool Stream { get; init; }

    public double? Rate { get; init; }

    public bool? Poisson { get; init; }

    public int? Concurrency { get; init; }

    public double? DurationSeconds { get; init; }

    public long? Requests { get; init; }

    public int PromptBytes { get; init; }

    public int MaxTokens { get; init; }

    public int Retries { get; init; }

    public double TimeoutSeconds { get; init; }

    public double TtftTargetMs { get; init; }

    public int Seed { get; init; }
}

/// <summary>A distribution; milliseconds.</summary>
internal sealed record Percentiles
{
    public long Count { get; init; }

    public double Mean { get; init; }

    public double Min { get; init; }

    public double P50 { get; init; }

    public double P90 { get; init; }

    public double P95 { get; init; }

    public double P99 { get; init; }

    /// <summary>The 99.9th percentile.</summary>
    public double P999 { get; init; }

    public double Max { get; init; }
}

/// <summary>One second of a load.</summary>
internal sealed record LoadSecond(int Second, long Ok, long Failed, double MaxMs);

/// <summary>A request that did not end well; times in ms from the start of the load.</summary>
internal sealed record LoadFailure(double StartMs, double EndMs, string Outcome, int Status);

/// <summary>How hard the loader itself worked.</summary>
/// <param name="CpuSeconds">Process CPU time during the load.</param>
/// <param name="CpuShare">CPU time over elapsed time and <paramref name="Cores"/>.</param>
/// <param name="Cores">Cores the loader can use at once.</param>
/// <param name="Lag">Open loop: how late arrivals were started, milliseconds.</param>
/// <param name="WaitedForConnection">Open loop: arrivals that found every connection busy.</param>
internal sealed record LoaderFacts(double CpuSeconds, double CpuShare, int Cores, Percentiles? Lag, long WaitedForConnection);
