namespace BlazeGateway.Policies.Inference;

/// <summary>The sentence for a model that is not served, as model servers of the dialect write it: users and libraries look for the name.</summary>
internal static class UnknownModel
{
    /// <summary>Names the model.</summary>
    public static string Describe(Dialect dialect, ReadOnlySpan<char> model) =>
        dialect == Dialect.Ollama ? $"model '{model}' not found" : $"The model `{model}` does not exist.";
}
