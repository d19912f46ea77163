using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Health;

/// <summary>What the gateway has sent a destination and learned of it, as it may be shown. Of several models the one with most answers speaks for the times.</summary>
/// <param name="PrefillTokens">Prompt tokens it has to compute.</param>
/// <param name="OutputTokens">Tokens that the answers in flight are expected to have.</param>
/// <param name="FirstChunkSeconds">Time to the first chunk lately; null when there was none in the last seconds.</param>
/// <param name="SecondsPerChunk">Time between chunks lately.</param>
/// <param name="Factor">Times as long as expected of any destination its first chunks take; learned by <c>Adaptive</c> only.</param>
/// <param name="FailureShare">Part of its attempts that fail lately; learned by <c>Adaptive</c> only.</param>
internal sealed record LoadSummary(
    long PrefillTokens, long OutputTokens, double? FirstChunkSeconds, double? SecondsPerChunk, double? Factor, double? FailureShare)
{
    /// <summary>Requests that may be in flight, by configuration, by what was learned, and 0 while it limits its rate; null for any number.</summary>
    public int? Limit { get; init; }

    /// <summary>Blocks of 64 bytes of prompt that it was sent and that are remembered.</summary>
    public int PrefixBlocks { get; init; }

    /// <summary>Blocks its prefix cache is thought to hold.</summary>
    public int PrefixCacheBlocks { get; init; }

    /// <summary>How often its prefix cache was found to have begun anew.</summary>
    public int PrefixRestarts { get; init; }

    internal static LoadSummary Of(DestinationLoad load, TimeSpan now)
    {
        var times = load.Times.Known.Select(static known => known.Value).MaxBy(static times => times.Pace.Samples);
        var pace = times?.Pace is { Samples: > 0 } learned ? learned : null;
        return new LoadSummary(
            load.PrefillTokens,
            load.OutputTokens,
            Shown(times?.FirstChunk, now),
            Shown(times?.PerChunk, now),
            pace is null ? null : Math.Round(pace.Factor(now), 4),
            pace is null ? null : Math.Round(pace.Failures(now), 4))
        {
            Limit = load.EffectiveLimit == int.MaxValue ? null : load.EffectiveLimit,
            PrefixBlocks = load.Prefix.Count(),
            PrefixCacheBlocks = load.Prefix.Size,
            PrefixRestarts = load.Prefix.Restarts,
        };
    }

    private static double? Shown(PeakEwma? time, TimeSpan now) => time is { HasSample: true } ? Math.Round(time.At(now), 6) : null;
}
