using System.Collections.Immutable;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>What a model server said of itself. Null and empty where it said nothing.</summary>
internal sealed record ReportedFacts
{
    private const string LatestTag = ":latest";

    /// <summary>Nothing said.</summary>
    public static ReportedFacts Nothing { get; } = new();

    /// <summary>Requests that wait for a place in the batch.</summary>
    public int? Waiting { get; init; }

    /// <summary>Requests in the batch.</summary>
    public int? Running { get; init; }

    /// <summary>Part of the KV cache that requests hold, 0 to 1.</summary>
    public double? CacheUse { get; init; }

    /// <summary>Prompt tokens since the server's start.</summary>
    public long? PromptTokens { get; init; }

    /// <summary>Generated tokens since the server's start.</summary>
    public long? GeneratedTokens { get; init; }

    /// <summary>Most requests the batch takes.</summary>
    public int? MaxRunning { get; init; }

    /// <summary>Blocks of the KV cache.</summary>
    public long? CacheBlocks { get; init; }

    /// <summary>Tokens of a block.</summary>
    public int? BlockTokens { get; init; }

    /// <summary>Tokens the KV cache has room for.</summary>
    public long? CacheTokens => CacheBlocks * BlockTokens;

    /// <summary>LoRA adapters of running requests.</summary>
    public ImmutableArray<string> RunningAdapters { get; init; } = [];

    /// <summary>LoRA adapters that waiting requests need.</summary>
    public ImmutableArray<string> WaitingAdapters { get; init; } = [];

    /// <summary>Models in memory (Ollama). Says where a request starts at once, and nothing of how busy the server is.</summary>
    public ImmutableArray<string> ResidentModels { get; init; } = [];

    /// <summary>Whether it names any adapter or model.</summary>
    public bool NamesModels => !(RunningAdapters.IsEmpty && WaitingAdapters.IsEmpty && ResidentModels.IsEmpty);

    /// <summary>Names of what is loaded, or about to be: adapters and models. Ollama takes a name without a tag for the one tagged latest.</summary>
    public IEnumerable<string> Models => RunningAdapters.Concat(WaitingAdapters).Concat(ResidentModels)
        .Concat(ResidentModels.Where(static name => name.EndsWith(LatestTag, StringComparison.Ordinal)).Select(static name => name[..^LatestTag.Length]));

    /// <summary>Whether it said anything.</summary>
    public bool SaysAnything => this != Nothing;

    /// <summary>Whether the server was started anew after it said <paramref name="before"/>: what only grows has fallen.</summary>
    public bool IsRestartAfter(ReportedFacts before) => GeneratedTokens < before.GeneratedTokens || PromptTokens < before.PromptTokens;
}
