using System.Security.Cryptography;
using System.Text;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>Every operation of every dialect as bytes, without a library between.</summary>
internal static class WireCalls
{
    private const string Messages = """ "messages":[{"role":"system","content":"Answer briefly."},{"role":"user","content":"Grüße, 東京 \"quoted\" \u00e9"}]""";
    private const string Tools = """ "tools":[{"type":"function","function":{"name":"forecast","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"tool_choice":"required" """;
    private const string AnthropicTools = """ "tools":[{"name":"forecast","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}],"tool_choice":{"type":"any"} """;

    /// <summary>Path and body by name.</summary>
    public static IReadOnlyDictionary<string, (string Path, string Body)> All { get; } = new Dictionary<string, (string, string)>(StringComparer.Ordinal)
    {
        ["chat"] = ("/v1/chat/completions", $$"""{ "model" : "demo-small",{{Messages}} }"""),
        ["chat stream"] = ("/v1/chat/completions", $$"""{"model":"demo-small","stream":true,{{Messages}}}"""),
        ["chat stream with counts"] = ("/v1/chat/completions", $$"""{"stream_options":{"include_usage":true},"model":"demo-small","stream":true,{{Messages}}}"""),
        ["chat tools"] = ("/v1/chat/completions", $$"""{"model":"demo-small",{{Messages}},{{Tools}}}"""),
        ["chat tools stream"] = ("/v1/chat/completions", $$"""{"model":"demo-small","stream":true,{{Messages}},{{Tools}}}"""),
        ["chat cut by length"] = ("/v1/chat/completions", $$"""{"model":"demo-small","stream":true,"max_tokens":1,{{Messages}}}"""),
        ["completion"] = ("/v1/completions", """{"model":"demo-small","prompt":"Once upon a time"}"""),
        ["completion stream"] = ("/v1/completions", """{"model":"demo-small","prompt":"Once upon a time","stream":true}"""),
        ["response"] = ("/v1/responses", """{"model":"demo-small","input":"Hello"}"""),
        ["response stream"] = ("/v1/responses", """{"model":"demo-small","input":"Hello","stream":true}"""),
        ["embeddings"] = ("/v1/embeddings", """{"model":"demo-small","input":["one","two"]}"""),
        ["embeddings base64"] = ("/v1/embeddings", """{"model":"demo-small","input":"one","encoding_format":"base64"}"""),
        ["message"] = ("/v1/messages", $$"""{"model":"demo-small","max_tokens":50,{{Messages}}}"""),
        ["message stream"] = ("/v1/messages", $$"""{"model":"demo-small","max_tokens":50,"stream":true,{{Messages}}}"""),
        ["message tools"] = ("/v1/messages", $$"""{"model":"demo-small","max_tokens":50,{{Messages}},{{AnthropicTools}}}"""),
        ["message tools stream"] = ("/v1/messages", $$"""{"model":"demo-small","max_tokens":50,"stream":true,{{Messages}},{{AnthropicTools}}}"""),
        ["count"] = ("/v1/messages/count_tokens", $$"""{"model":"demo-small",{{Messages}}}"""),
        ["ollama chat"] = ("/api/chat", $$"""{"model":"demo-small","stream":false,{{Messages}}}"""),
        ["ollama chat stream"] = ("/api/chat", $$"""{"model":"demo-small",{{Messages}}}"""),
        ["ollama tools stream"] = ("/api/chat", $$"""{"model":"demo-small",{{Messages}},{{Tools}}}"""),
        ["ollama generate"] = ("/api/generate", """{"model":"demo-small","stream":false,"prompt":"Hello"}"""),
        ["ollama generate stream"] = ("/api/generate", """{"model":"demo-small","prompt":"Hello"}"""),
        ["ollama embed"] = ("/api/embed", """{"model":"demo-small","input":["one","two"]}"""),
        ["ollama embeddings"] = ("/api/embeddings", """{"model":"demo-small","prompt":"one"}"""),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    /// <summary>Sends a call and reads the answer to its end.</summary>
    public static Task<WireAnswer> SendAsync(HttpClient client, string name) => SendAsync(client, All[name].Path, All[name].Body);

    /// <summary>Sends a body and reads the answer to its end.</summary>
    public static async Task<WireAnswer> SendAsync(HttpClient client, string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("anthropic-version", "2023-06-01");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip, deflate, br");
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var headers = answer.Headers.Concat(answer.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        return new WireAnswer((int)answer.StatusCode, headers, bytes);
    }
}

/// <summary>An answer as it came.</summary>
internal sealed record WireAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Body));

    public string Text => Encoding.UTF8.GetString(Body);
}
