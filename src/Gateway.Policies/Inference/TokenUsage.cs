using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Inference;

/// <summary>Token counts as a model server states them, made comparable between dialects. Unknown counts are −1.</summary>
/// <param name="Prompt">Prompt tokens, those from the cache included.</param>
/// <param name="Completion">Output tokens.</param>
/// <param name="Cached">Prompt tokens served from the prefix cache.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TokenUsage(int Prompt, int Completion, int Cached)
{
    /// <summary>Nothing known.</summary>
    public static TokenUsage Unknown { get; } = new(-1, -1, -1);
}
