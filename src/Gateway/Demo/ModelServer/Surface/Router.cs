using BlazeGateway.Demo.ModelServer.Faults;
using BlazeGateway.Policies;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>Which path does what, by kind of server. Hosted base paths before <c>/v1</c> and Azure's deployment paths are understood.</summary>
internal sealed class Router(ServerContext server)
{
    private const string AzurePrefix = "/openai/deployments/";
    private readonly InferenceHandler _inference = new(server);
    private readonly KindSurface _surface = new(server);
    private readonly ModelPaths _models = new(server);
    private readonly SimulatorPaths _simulator = new(server);
    private readonly string _kind = server.Options.Kind;

    public async Task RouteAsync(ServedRequest request)
    {
        var http = request.Http;
        var path = http.Request.Path.Value!;
        if (http.Request.Headers.TryGetValue("x-request-id", out var id))
        {
            http.Response.Headers["x-request-id"] = id;
        }

        if (path.StartsWith("/__sim/", StringComparison.Ordinal))
        {
            await _simulator.HandleAsync(http, path);
            return;
        }

        if (path.StartsWith("/health", StringComparison.Ordinal))
        {
            await _surface.HealthAsync(http);
            return;
        }

        request.Fault = server.Faults.Strike(path);
        if (request.Fault is not null)
        {
            server.Stats.FaultInjected();
        }

        if (request.Fault is { Kind: FaultKind.Status or FaultKind.Loading } fault)
        {
            await FailAsync(http, path, fault);
        }
        else if (IsGuarded(path) && !IsAllowed(http.Request))
        {
            await Replies.ErrorAsync(http, Replies.DialectOf(path), StatusCodes.Status401Unauthorized, "Incorrect API key provided.", null, "invalid_api_key");
        }
        else
        {
            await DispatchAsync(request, path);
        }
    }

    private Task DispatchAsync(ServedRequest request, string path)
    {
        var (local, model) = Localize(path);
        if (!HttpMethods.IsPost(request.Http.Request.Method))
        {
            return GetAsync(request, local);
        }

        if (_kind == ModelServerKinds.Ollama && local == "/api/show")
        {
            return _models.ShowAsync(request.Http);
        }

        return Operation(local) is { } operation ? _inference.HandleAsync(request, operation, model) : Replies.NotFoundAsync(request.Http);
    }

    private async Task GetAsync(ServedRequest request, string path)
    {
        using var sink = new AnswerSink(request, null, server.Time);
        if (!await sink.StrikeHeadAsync())
        {
            await (path.StartsWith("/v1/models", StringComparison.Ordinal) ? _models.HandleAsync(request.Http, path) : _surface.HandleAsync(request.Http, path));
        }
    }

    private InferenceOperation? Operation(string path)
    {
        var isAnthropicOnly = _kind == ModelServerKinds.Anthropic;
        return path switch
        {
            "/v1/messages" when _kind != ModelServerKinds.OpenAi => InferenceOperation.Message,
            "/v1/messages/count_tokens" when _kind != ModelServerKinds.OpenAi => InferenceOperation.CountTokens,
            _ when isAnthropicOnly => null,
            "/v1/chat/completions" => InferenceOperation.Chat,
            "/v1/completions" => InferenceOperation.Completion,
            "/v1/responses" => InferenceOperation.Response,
            "/v1/embeddings" => InferenceOperation.Embedding,
            _ when _kind is not (ModelServerKinds.Ollama or ModelServerKinds.Generic) => null,
            "/api/chat" => InferenceOperation.OllamaChat,
            "/api/generate" => InferenceOperation.OllamaGenerate,
            "/api/embed" => InferenceOperation.OllamaEmbed,
            "/api/embeddings" => InferenceOperation.OllamaEmbeddings,
            _ => null,
        };
    }

    private static (string Path, string? Model) Localize(string path)
    {
        if (path.StartsWith("/v1/", StringComparison.Ordinal))
        {
            return (path, null);
        }

        if (path.StartsWith(AzurePrefix, StringComparison.Ordinal) && path.IndexOf('/', AzurePrefix.Length) is > 0 and var slash)
        {
            return ("/v1" + path[slash..], path[AzurePrefix.Length..slash]);
        }

        var v1 = path.IndexOf("/v1/", StringComparison.Ordinal);
        return (v1 > 0 ? path[v1..] : path, null);
    }

    private static Task FailAsync(HttpContext http, string path, FaultRule fault)
    {
        if (fault.RetryAfter is { } seconds)
        {
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var message = fault.Kind == FaultKind.Loading ? "Loading model" : $"The simulated model server answers {fault.Status} on purpose.";
        return Replies.ErrorAsync(http, Replies.DialectOf(path), fault.Status, message, null, "simulated_fault");
    }

    private bool IsGuarded(string path) =>
        server.Options.ApiKey is not null && (path.Contains("/v1/", StringComparison.Ordinal) || path.StartsWith("/api/", StringComparison.Ordinal)
            || path.StartsWith("/openai/", StringComparison.Ordinal));

    private bool IsAllowed(HttpRequest request) =>
        request.Headers.Authorization.ToString() == "Bearer " + server.Options.ApiKey
        || request.Headers["x-api-key"].ToString() == server.Options.ApiKey
        || request.Headers["api-key"].ToString() == server.Options.ApiKey;
}
