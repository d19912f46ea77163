using System.Runtime.InteropServices;

namespace BlazeGateway.Demo.Simulation.Workloads;

/// <summary>A run of prompt tokens. Parts of equal seed say the same, as far as the shorter of them goes.</summary>
/// <param name="Seed">What it says.</param>
/// <param name="Tokens">How long it is.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PromptPart(ulong Seed, int Tokens);

/// <summary>One request of a workload.</summary>
/// <param name="At">When it comes, seconds from the start.</param>
/// <param name="Session">Conversation it belongs to; −1 for one of its own.</param>
/// <param name="Parts">Its prompt, from the beginning.</param>
/// <param name="AnswerTokens">How many tokens its answer has.</param>
internal sealed record WorkloadRequest(double At, int Session, IReadOnlyList<PromptPart> Parts, int AnswerTokens)
{
    /// <summary>Tokens of the prompt.</summary>
    public int PromptTokens { get; } = Parts.Sum(static part => part.Tokens);
}
