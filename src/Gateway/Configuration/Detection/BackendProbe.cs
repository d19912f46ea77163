using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Configuration.Detection;

/// <summary>Tells from a backend's free paths which kind of model server it is and what it serves.</summary>
internal static class BackendProbe
{
    private const int MaxModels = 1024;
    private static readonly BackendReply NotAsked = new(0, default, "");

    /// <summary>Asks every path at once and judges the answers.</summary>
    public static async Task<DetectedBackend> RunAsync(string id, Uri address, BackendConnection connection, CancellationToken cancellationToken)
    {
        var hosted = HostedKind(address);
        var listPath = hosted == ModelServerKinds.AzureOpenAi ? "/openai/v1/models" : "/v1/models";
        var version = hosted == ModelServerKinds.Anthropic ? ModelServerPaths.AnthropicVersion : null;
        Task<BackendReply> Ask(string path, bool always = false) =>
            hosted is null || always ? connection.GetAsync(address, path, version, cancellationToken) : Task.FromResult(NotAsked);

        var list = Ask(listPath, always: true);
        var tags = Ask("/api/tags");
        var ollama = Ask("/api/version");
        var sglang = Ask("/get_model_info");
        var tgi = Ask("/info");
        var llamaCpp = Ask("/props");
        var metrics = Ask("/metrics");
        var answers = new Answers(await list, await tags, await ollama, await sglang, await tgi, await llamaCpp, await metrics);
        return Judge(id, address, hosted, answers);
    }

    /// <summary>Kind by a well-known host name; null for every other.</summary>
    public static string? HostedKind(Uri address) => address.Host.ToLowerInvariant() switch
    {
        "api.openai.com" or "openrouter.ai" => ModelServerKinds.OpenAi,
        "api.anthropic.com" => ModelServerKinds.Anthropic,
        var host when host.EndsWith(".openai.azure.com", StringComparison.Ordinal)
            || host.EndsWith(".cognitiveservices.azure.com", StringComparison.Ordinal) => ModelServerKinds.AzureOpenAi,
        _ => null,
    };

    private static DetectedBackend Judge(string id, Uri address, string? hosted, Answers answers)
    {
        var kind = hosted ?? answers.Kind();
        var list = kind == ModelServerKinds.Ollama && answers.Tags.IsOk ? answers.Tags : answers.List;
        var told = list.IsOk && ModelServerPaths.ListTellsNames(kind) ? ModelListReader.Read(list.Body, MaxModels) : null;
        var backend = new DetectedBackend
        {
            Id = id,
            Address = address,
            Kind = kind,
            Models = told?.Entries ?? [],
            StatusCode = list.Status,
            Answer = Answer(list, answers),
            Slots = answers.LlamaCpp.Number("total_slots") ?? answers.Tgi.Number("max_concurrent_requests"),
            ContextTokens = answers.Tgi.Number("max_total_tokens") ?? ContextOf(list),
        };
        var doubt = backend.Answer == DestinationAnswer.Answering && list.Status != 0 && answers.Any(static reply => reply.IsLate)
            ? " Not every path gave an answer within the time, so its kind is a guess."
            : "";
        return backend with
        {
            MayTellModels = backend.Answer != DestinationAnswer.Answering || list.Status == 0 || told is not null,
            Message = Message(backend, list) + doubt,
        };
    }

    private static DestinationAnswer Answer(BackendReply list, Answers answers) => list.Status switch
    {
        401 or 403 => DestinationAnswer.Unauthorized,
        0 when !answers.Any(r => r.Status != 0) => DestinationAnswer.Unreachable,
        >= 500 or (>= 300 and < 400) => DestinationAnswer.Failing,
        _ => DestinationAnswer.Answering,
    };

    private static string Message(DetectedBackend backend, BackendReply list) => backend.Answer switch
    {
        DestinationAnswer.Unreachable =>
            $"{backend.Address} is unreachable: {list.Failure}.",
        DestinationAnswer.Unauthorized =>
            $"{backend.Address} answers {list.Status}: write a routes.json with --print-config and set Extensions.Credentials of its cluster there.",
        DestinationAnswer.Failing when list.Status < 400 => $"{backend.Address} answers {list.Status}: redirects are not followed; give the address it points to.",
        DestinationAnswer.Failing => $"{backend.Address} answers {list.Status}.",
        _ when list.Status == 0 => $"{backend.Address} is {backend.Kind} but did not list its models: {list.Failure}. It is asked again while the gateway runs.",
        _ when backend.Models.IsEmpty => $"{backend.Address} is {backend.Kind} and lists no model; set Extensions.ModelServer.Models in routes.json if it serves one.",
        _ => $"{backend.Address} is {backend.Kind} and serves {string.Join(", ", backend.Models.Take(5).Select(m => m.Name))}"
            + (backend.Models.Length > 5 ? $" and {backend.Models.Length - 5} more." : "."),
    };

    private static int? ContextOf(BackendReply list) =>
        list.IsOk && list.Object() is { } json && json.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Array
            && data.GetArrayLength() > 0 && data[0] is { ValueKind: JsonValueKind.Object } first
            && first.TryGetProperty("max_model_len", out var length) && length.ValueKind == JsonValueKind.Number
            && length.TryGetInt32(out var tokens) && tokens > 0
            ? tokens
            : null;

    private sealed record Answers(
        BackendReply List, BackendReply Tags, BackendReply Ollama, BackendReply Sglang, BackendReply Tgi, BackendReply LlamaCpp, BackendReply Metrics)
    {
        private static readonly (string Prefix, string Kind)[] MetricPrefixes =
        [
            ("vllm:", ModelServerKinds.Vllm),
            ("sglang:", ModelServerKinds.Sglang),
            ("llamacpp:", ModelServerKinds.LlamaCpp),
            ("tgi_", ModelServerKinds.Tgi),
        ];

        private static readonly ImmutableArray<string> Owners =
            [ModelServerKinds.Vllm, ModelServerKinds.Sglang, ModelServerKinds.Tgi, ModelServerKinds.LlamaCpp, ModelServerKinds.Ollama];

        public bool Any(Predicate<BackendReply> condition) => Array.Exists([List, Tags, Ollama, Sglang, Tgi, LlamaCpp, Metrics], condition);

        public string Kind()
        {
            if (LlamaCpp.Has("total_slots", "default_generation_settings"))
            {
                return ModelServerKinds.LlamaCpp;
            }

            if (Sglang.Has("model_path"))
            {
                return ModelServerKinds.Sglang;
            }

            if (Tgi.Has("model_id"))
            {
                return ModelServerKinds.Tgi;
            }

            if (Ollama.Has("version") && Tags.Has("models"))
            {
                return ModelServerKinds.Ollama;
            }

            return ByOwner() ?? ByMetrics() ?? ByRefusal() ?? ModelServerKinds.Generic;
        }

        private string? ByOwner() =>
            List.IsOk && ModelListReader.Read(List.Body, MaxModels) is { Entries: [{ OwnedBy: { } owner }, ..] } && Owners.Contains(owner, StringComparer.Ordinal) ? owner : null;

        private string? ByMetrics()
        {
            if (!Metrics.IsOk)
            {
                return null;
            }

            var text = "\n" + Encoding.UTF8.GetString(Metrics.Body.Span);
            return MetricPrefixes.FirstOrDefault(p => text.Contains("\n" + p.Prefix, StringComparison.Ordinal)).Kind;
        }

        // A hosted API behind a name of its own: Anthropic and OpenAI refuse in shapes of their own.
        private string? ByRefusal()
        {
            if (List.Status is not (401 or 403) || List.Object() is not { } json
                || !json.TryGetProperty("error", out var error) || error.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            return json.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("error")
                ? ModelServerKinds.Anthropic
                : error.TryGetProperty("code", out _) && error.TryGetProperty("type", out _) ? ModelServerKinds.OpenAi : null;
        }
    }
}
