namespace BlazeGateway.Policies.Destinations;

/// <summary>The free paths of each kind of model server that say whether it is alive and which models it serves. None of them costs a token.</summary>
internal static class ModelServerPaths
{
    /// <summary>Version of Anthropic's API the gateway speaks when it asks on its own behalf.</summary>
    public const string AnthropicVersion = "2023-06-01";

    /// <summary>Path and query asked.</summary>
    public static string List(ModelServerOptions server) => server.Kind switch
    {
        ModelServerKinds.Ollama => "/api/tags",
        ModelServerKinds.Anthropic => "/v1/models?limit=1000",
        ModelServerKinds.AzureOpenAi when server.ApiVersion is { } version => $"/openai/models?api-version={version}",
        ModelServerKinds.AzureOpenAi => "/openai/v1/models",
        _ => "/v1/models",
    };

    /// <summary>Path that tells whether the server is alive; null for APIs on the public internet, which are not probed.</summary>
    public static string? Health(string kind) => kind switch
    {
        ModelServerKinds.Vllm or ModelServerKinds.Sglang or ModelServerKinds.Tgi or ModelServerKinds.TrtLlm or ModelServerKinds.LlamaCpp => "/health",
        ModelServerKinds.Ollama => "/api/version",
        _ when IsHosted(kind) => null,
        _ => "/v1/models",
    };

    /// <summary>Path on which the server reports its load; null when it does not. The one of <c>trtllm-serve</c>'s <c>/metrics</c> is another format.</summary>
    public static string? Report(ModelServerOptions server) => server.MetricsPath ?? server.Kind switch
    {
        ModelServerKinds.Vllm or ModelServerKinds.Sglang or ModelServerKinds.Tgi or ModelServerKinds.LlamaCpp => "/metrics",
        ModelServerKinds.TrtLlm => "/prometheus/metrics",
        ModelServerKinds.Ollama => "/api/ps",
        _ => null,
    };

    /// <summary>Whether the answer tells which names a request may use. Azure lists models, but a request names a deployment.</summary>
    public static bool ListTellsNames(string kind) => kind != ModelServerKinds.AzureOpenAi;

    /// <summary>Whether the kind is an API on the public internet, asked less often.</summary>
    public static bool IsHosted(string kind) =>
        kind is ModelServerKinds.OpenAi or ModelServerKinds.AzureOpenAi or ModelServerKinds.Anthropic;
}
