namespace BlazeGateway.Policies.Destinations;

/// <summary>The free path of each kind of model server that says which models it serves. None of them costs a token.</summary>
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

    /// <summary>Whether the answer tells which names a request may use. Azure lists models, but a request names a deployment.</summary>
    public static bool ListTellsNames(string kind) => kind != ModelServerKinds.AzureOpenAi;

    /// <summary>Whether the kind is an API on the public internet, asked less often.</summary>
    public static bool IsHosted(string kind) =>
        kind is ModelServerKinds.OpenAi or ModelServerKinds.AzureOpenAi or ModelServerKinds.Anthropic;
}
