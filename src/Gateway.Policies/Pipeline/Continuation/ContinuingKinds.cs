namespace BlazeGateway.Policies.Pipeline.Continuation;

/// <summary>Which model servers continue a message that is there in part, and how they are asked to.</summary>
public static class ContinuingKinds
{
    /// <summary>The kinds that do, in the order the documentation lists them.</summary>
    public static IReadOnlyList<string> All { get; } = [ModelServerKinds.Vllm, ModelServerKinds.Sglang, ModelServerKinds.Tgi, ModelServerKinds.LlamaCpp];

    /// <summary>Whether servers of <paramref name="kind"/> continue a message.</summary>
    public static bool Contains(string? kind) => kind is not null && All.Contains(kind, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether they want to be told so, by <c>continue_final_message</c> and <c>add_generation_prompt</c>. The others continue whatever ends with a message of the assistant:
    /// text-generation-inference cuts the template there, llama.cpp calls it prefill.
    /// </summary>
    internal static bool WantsFlags(string? kind) =>
        ModelServerKinds.Vllm.Equals(kind, StringComparison.OrdinalIgnoreCase) || ModelServerKinds.Sglang.Equals(kind, StringComparison.OrdinalIgnoreCase);
}
