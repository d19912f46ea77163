using System.Text;
using System.Text.Json.Nodes;
using BlazeGateway.EndToEnd.Sdk;
using BlazeGateway.Policies;

namespace BlazeGateway.EndToEnd.HostedApis;

/// <summary>Each provider gets exactly what it wants: path, query, host, protocol and its own credential.</summary>
public sealed class ProviderTests
{
    [Fact]
    public async Task OpenAi()
    {
        await using var setup = await HostedSetup.StartAsync("OpenAI", ModelServerKinds.OpenAi, ["gpt-4o", "text-embedding-3-small"]);
        await OpenAiCalls.ChatAsync(setup.Through, "gpt-4o");
        await OpenAiCalls.ChatStreamAsync(setup.Through, "gpt-4o");
        await OpenAiCalls.ResponseStreamAsync(setup.Through, "gpt-4o");
        await OpenAiCalls.EmbeddingAsync(setup.Through, "text-embedding-3-small");
        var models = await OpenAiCalls.ModelsAsync(setup.Through);

        var api = setup.Apis["main"];
        Assert.Equal(["/v1/chat/completions", "/v1/chat/completions", "/v1/responses", "/v1/embeddings"], api.Calls.Select(call => call.Target), StringComparer.Ordinal);
        Assert.Contains(api.Arrivals, arrival => arrival is { Method: "GET", Target: "/v1/models" });
        Assert.All(api.Arrivals, arrival =>
        {
            Assert.Equal(("api.openai.com", "HTTP/2"), (arrival.Host, arrival.Protocol));
            Assert.Equal("Bearer sk-of-destination-main", arrival.Headers["Authorization"]);
        });
        Assert.Contains("gpt-4o", models, StringComparison.Ordinal);
        setup.AssertNothingLeaked();
    }

    [Fact]
    public async Task Azure_OpenAi()
    {
        await using var setup = await HostedSetup.StartAsync("Azure OpenAI", ModelServerKinds.OpenAi, ["my-gpt4o-deployment"]);
        for (var i = 0; i < 2; i++)
        {
            await OpenAiCalls.ChatAsync(setup.Through, "gpt-4o");
            await OpenAiCalls.ChatStreamAsync(setup.Through, "gpt-4o");
            await OpenAiCalls.EmbeddingAsync(setup.Through, "gpt-4o");
        }

        var calls = setup.Apis.Values.SelectMany(api => api.Calls).ToArray();
        Assert.Equal(6, calls.Length);
        Assert.Equal(
            ["/openai/deployments/my-gpt4o-deployment/chat/completions?api-version=2024-10-21", "/openai/deployments/my-gpt4o-deployment/embeddings?api-version=2024-10-21"],
            calls.Select(call => call.Target).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.All(calls, call => Assert.Equal("my-gpt4o-deployment", (string?)JsonNode.Parse(call.Body)!["model"]));
        Assert.All(setup.Apis, pair =>
        {
            Assert.NotEmpty(pair.Value.Calls);
            Assert.Contains(pair.Value.Arrivals, arrival => arrival is { Method: "GET", Target: "/openai/models?api-version=2024-10-21" });
            Assert.All(pair.Value.Arrivals, arrival =>
            {
                Assert.Equal($"my-resource-{pair.Key}.openai.azure.com", arrival.Host);
                Assert.Equal(HostedSetup.KeyOf(pair.Key), arrival.Headers["api-key"]);
                Assert.False(arrival.Headers.ContainsKey("Authorization"));
            });
        });
        Assert.StartsWith("gpt-4o", await OpenAiCalls.ModelsAsync(setup.Through), StringComparison.Ordinal);
        setup.AssertNothingLeaked();
    }

    [Theory]
    [InlineData("/v1/chat/completions?api-version=1999-01-01&x=1%202", "/openai/deployments/my-gpt4o-deployment/chat/completions?x=1%202&api-version=2024-10-21")]
    [InlineData("/v1/completions", "/openai/deployments/my-gpt4o-deployment/completions?api-version=2024-10-21")]
    [InlineData("/v1/responses", "/openai/responses?api-version=2024-10-21")]
    [InlineData("/v1/files?purpose=batch", "/openai/files?purpose=batch&api-version=2024-10-21")]
    public async Task Azure_OpenAi_by_deployment(string asked, string arrived)
    {
        await using var setup = await HostedSetup.StartAsync("Azure OpenAI", ModelServerKinds.OpenAi, ["my-gpt4o-deployment"]);
        await PostAsync(setup, asked);

        Assert.Equal(arrived, Assert.Single(setup.Apis.Values.SelectMany(api => api.Calls)).Target);
        setup.AssertNothingLeaked();
    }

    [Theory]
    [InlineData("/v1/chat/completions?x=1", "/openai/v1/chat/completions?x=1")]
    [InlineData("/v1/responses", "/openai/v1/responses")]
    public async Task Azure_OpenAi_without_a_version(string asked, string arrived)
    {
        await using var setup = await HostedSetup.StartAsync(
            "Azure OpenAI", ModelServerKinds.OpenAi, ["my-gpt4o-deployment"], cluster => cluster["Extensions"]!["ModelServer"]!.AsObject().Remove("ApiVersion"));
        await PostAsync(setup, asked);

        Assert.Equal(arrived, Assert.Single(setup.Apis.Values.SelectMany(api => api.Calls)).Target);
        Assert.All(setup.Apis.Values, api => Assert.Contains(api.Arrivals, arrival => arrival is { Method: "GET", Target: "/openai/v1/models" }));
        setup.AssertNothingLeaked();
    }

    [Fact]
    public async Task Anthropic()
    {
        await using var setup = await HostedSetup.StartAsync("Anthropic", ModelServerKinds.Anthropic, ["claude-sonnet-4-5"]);
        await AnthropicCalls.MessageAsync(setup.Through, "claude-sonnet-4-5");
        await AnthropicCalls.StreamAsync(setup.Through, "claude-sonnet-4-5");
        await AnthropicCalls.CountAsync(setup.Through, "claude-sonnet-4-5");
        var models = await AnthropicCalls.ModelsAsync(setup.Through);

        var api = setup.Apis["main"];
        Assert.Equal(["/v1/messages", "/v1/messages", "/v1/messages/count_tokens"], api.Calls.Select(call => call.Target), StringComparer.Ordinal);
        Assert.Contains(api.Arrivals, arrival => arrival is { Method: "GET", Target: "/v1/models?limit=1000" });
        Assert.All(api.Arrivals, arrival =>
        {
            Assert.Equal(("api.anthropic.com", "HTTP/2"), (arrival.Host, arrival.Protocol));
            Assert.Equal("sk-of-destination-main", arrival.Headers["x-api-key"]);
            Assert.Equal("2023-06-01", arrival.Headers["anthropic-version"]);
            Assert.False(arrival.Headers.ContainsKey("Authorization"));
        });
        Assert.Contains("claude-sonnet-4-5", models, StringComparison.Ordinal);
        setup.AssertNothingLeaked();
    }

    [Fact]
    public async Task OpenRouter()
    {
        await using var setup = await HostedSetup.StartAsync(
            "OpenRouter and others that speak OpenAI", ModelServerKinds.OpenAi, ["meta-llama/llama-3.3-70b-instruct", "qwen/qwen3-32b", "other/model"]);
        await OpenAiCalls.ChatAsync(setup.Through, "llama-70b");
        await OpenAiCalls.ChatStreamAsync(setup.Through, "qwen/qwen3-32b");
        await PostAsync(setup, "/v1/chat/completions", "llama-70b", ("HTTP-Referer", "https://example.com/"), ("X-Title", "Example"));
        var closed = await Failure.OfAsync(() => OpenAiCalls.ChatAsync(setup.Through, "other/model"));

        var api = setup.Apis["main"];
        Assert.Equal(3, api.Calls.Count);
        Assert.All(api.Calls, call => Assert.Equal("/api/v1/chat/completions", call.Target));
        Assert.Equal(
            ["meta-llama/llama-3.3-70b-instruct", "qwen/qwen3-32b", "meta-llama/llama-3.3-70b-instruct"],
            api.Calls.Select(call => (string?)JsonNode.Parse(call.Body)!["model"]), StringComparer.Ordinal);
        Assert.Contains(api.Arrivals, arrival => arrival is { Method: "GET", Target: "/api/v1/models" });
        Assert.All(api.Arrivals, arrival =>
        {
            Assert.Equal(("openrouter.ai", "HTTP/2"), (arrival.Host, arrival.Protocol));
            Assert.Equal("Bearer sk-of-destination-main", arrival.Headers["Authorization"]);
        });
        Assert.Equal(("https://example.com/", "Example"), (api.Calls[2].Headers["HTTP-Referer"], api.Calls[2].Headers["X-Title"]));
        Assert.Equal(404, closed.Status);
        Assert.Equal("llama-70b", (await OpenAiCalls.ModelsAsync(setup.Through)).Split(' ')[0]);
        setup.AssertNothingLeaked();
    }

    /// <summary>Sends every credential a client may have, in every place a provider looks for one.</summary>
    private static async Task PostAsync(HostedSetup setup, string path, string model = "gpt-4o", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(
                $$"""{"model":"{{model}}","prompt":"Hello","input":"Hello","messages":[{"role":"user","content":"Hello"}]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {SdkClients.Key}");
        request.Headers.TryAddWithoutValidation("x-api-key", SdkClients.Key);
        request.Headers.TryAddWithoutValidation("api-key", SdkClients.Key);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await setup.Gateway.Proxy.SendAsync(request);
        await answer.Content.ReadAsByteArrayAsync();
    }
}
