namespace BlazeGateway.Demo.ModelServer.Batching;

/// <summary>Speed and size of a simulated continuous-batching engine.</summary>
internal sealed record EngineOptions
{
    /// <summary>Prompt tokens computed per second. Default: 8000.</summary>
    public double PrefillRate { get; init; } = 8000;

    /// <summary>Tokens per second of one sequence that decodes alone. Default: 100.</summary>
    public double DecodeRate { get; init; } = 100;

    /// <summary>Sequences that run at once; the others queue, first come first served. Default: 64.</summary>
    public int MaxRunning { get; init; } = 64;

    /// <summary>Key-value cache blocks. Default: 4096 (65,536 tokens).</summary>
    public int KvBlocks { get; init; } = 4096;

    /// <summary>Tokens per cache block. Default: 16.</summary>
    public int BlockTokens { get; init; } = 16;

    /// <summary>Most tokens computed in one step; longer prompts are prefilled in chunks. Default: 2048.</summary>
    public int MaxStepTokens { get; init; } = 2048;

    /// <summary>How much each further decoding sequence lengthens a step, as a share of the step of one. Default: 0.03.</summary>
    public double BatchCost { get; init; } = 0.03;

    /// <summary>Longest prompt plus answer, in tokens, that fits.</summary>
    public int MaxModelLength => (int)Math.Min(int.MaxValue, (long)KvBlocks * BlockTokens);
}
