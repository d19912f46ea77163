using System.ClientModel;
using System.ClientModel.Primitives;
using Anthropic;
using OpenAI;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>The official libraries, set up as their users do: an address and a key.</summary>
internal static class SdkClients
{
    public const string Model = "demo-small";

    /// <summary>The client's own key, which must never reach a model server.</summary>
    public const string Key = "sk-of-the-client";

    public const string Question = "How does a river find the sea?";

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    public static OpenAIClient OpenAi(Uri address, int retries = 0) => new(
        new ApiKeyCredential(Key),
        new OpenAIClientOptions
        {
            Endpoint = new Uri(address, "v1"),
            RetryPolicy = new ClientRetryPolicy(retries),
            Transport = new HttpClientPipelineTransport(Http),
        });

    public static AnthropicClient Anthropic(Uri address, int retries = 0) => new()
    {
        BaseUrl = address.ToString().TrimEnd('/'),
        ApiKey = Key,
        MaxRetries = retries,
        HttpClient = Http,
    };
}
