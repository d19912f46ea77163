using System.Globalization;
using System.Text.Json;
using BlazeGateway.Demo.ModelServer.Answers;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>What a server says about its models, in the shape of its kind.</summary>
internal sealed class ModelPaths(ServerContext server)
{
    private readonly ModelServerHostOptions _options = server.Options;

    /// <summary><c>/v1/models</c> and <c>/v1/models/{id}</c>.</summary>
    public Task HandleAsync(HttpContext http, string path)
    {
        if (path == "/v1/models")
        {
            return Replies.JsonAsync(http, 200, List());
        }

        var id = Uri.UnescapeDataString(path["/v1/models/".Length..]);
        return _options.Models.Contains(id, StringComparer.Ordinal)
            ? Replies.JsonAsync(http, 200, One(id))
            : Replies.ErrorAsync(http, _options.Kind == ModelServerKinds.Anthropic ? Dialect.Anthropic : Dialect.OpenAi, 404, $"The model `{id}` does not exist.", null, "model_not_found");
    }

    /// <summary>Ollama's <c>/api/tags</c>: models installed.</summary>
    public string Tags() => $$"""{"models":[{{string.Join(',', _options.Models.Select(model => OllamaModel(model, "\"modified_at\":\"2026-01-01T00:00:00Z\"")))}}]}""";

    /// <summary>Ollama's <c>/api/ps</c>: models resident.</summary>
    public string Resident() =>
        $$"""{"models":[{{string.Join(',', _options.Models.Select(model => OllamaModel(model, "\"expires_at\":\"2318-01-01T00:00:00Z\",\"size_vram\":1073741824,\"context_length\":" + _options.Engine.MaxModelLength.ToString(CultureInfo.InvariantCulture))))}}]}""";

    /// <summary>Ollama's <c>/api/show</c>.</summary>
    public async Task ShowAsync(HttpContext http)
    {
        var read = await RequestBody.ReadAsync(http, server);
        string? model = null;
        try
        {
            using var body = JsonDocument.Parse(read.Buffer);
            model = CallReader.TextOf(body.RootElement, "model") ?? CallReader.TextOf(body.RootElement, "name");
        }
        catch (JsonException)
        {
            await Replies.ErrorAsync(http, Dialect.Ollama, 400, "invalid JSON");
            return;
        }
        finally
        {
            http.Request.BodyReader.AdvanceTo(read.Buffer.End);
        }

        await (model is not null && _options.Models.Any(m => m == model || m + ":latest" == model)
            ? Replies.JsonAsync(http, 200, """{"modelfile":"","parameters":"","template":"{{ .Prompt }}","details":{"format":"gguf","family":"sim"},"capabilities":["completion","tools"]}""")
            : Replies.ErrorAsync(http, Dialect.Ollama, 404, $"model '{model}' not found"));
    }

    private string List()
    {
        var models = string.Join(',', _options.Models.Select(One));
        return _options.Kind == ModelServerKinds.Anthropic
            ? $$"""{"data":[{{models}}],"has_more":false,"first_id":"{{Escape(_options.Models[0])}}","last_id":"{{Escape(_options.Models[^1])}}"}"""
            : $$"""{"object":"list","data":[{{models}}]}""";
    }

    private string One(string model)
    {
        var id = Escape(model);
        var length = _options.Engine.MaxModelLength;
        return _options.Kind switch
        {
            ModelServerKinds.Anthropic => $$"""{"type":"model","id":"{{id}}","display_name":"{{id}}","created_at":"2026-01-01T00:00:00Z"}""",
            ModelServerKinds.Vllm => Row(id, "vllm", $$""","root":"{{id}}","parent":null,"max_model_len":{{length}},"permission":[]"""),
            ModelServerKinds.Sglang => Row(id, "sglang", $$""","root":"{{id}}","max_model_len":{{length}}"""),
            ModelServerKinds.LlamaCpp => Row(id, "llamacpp", $$$""","meta":{"n_ctx_train":{{{length}}}}"""),
            ModelServerKinds.Ollama => Row(id, "library", ""),
            ModelServerKinds.OpenAi => Row(id, "system", ""),
            _ => Row(id, _options.Kind, ""),
        };
    }

    private static string Row(string id, string owner, string more) =>
        $$"""{"id":"{{id}}","object":"model","created":{{Answer.Created}},"owned_by":"{{owner}}"{{more}}}""";

    private static string OllamaModel(string model, string more)
    {
        var name = Escape(model.Contains(':', StringComparison.Ordinal) ? model : model + ":latest");
        return $$"""{"name":"{{name}}","model":"{{name}}","size":1073741824,"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","details":{"format":"gguf","family":"sim","parameter_size":"1B","quantization_level":"Q4_0"},{{more}}}""";
    }

    private static string Escape(string text) => JsonEncodedText.Encode(text).ToString();
}
