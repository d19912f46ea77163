using System.Text;
using System.Text.Json;
using BlazeGateway.Demo.ModelServer.Faults;
using BlazeGateway.Policies;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>The free paths by which kinds of servers can be told apart: health, version, properties, metrics.</summary>
internal sealed class KindSurface(ServerContext server)
{
    private readonly ModelServerHostOptions _options = server.Options;
    private readonly ModelPaths _models = new(server);
    private readonly MetricsPage _metrics = new(server);

    public async Task HealthAsync(HttpContext http)
    {
        var fault = server.Faults.StrikeHealth();
        var delay = fault is { Kind: FaultKind.Health } ? fault.Pause : _options.HealthDelay;
        if (delay != TimeSpan.Zero)
        {
            await Task.Delay(delay, server.Time, http.RequestAborted);
        }

        if (_options.Kind is ModelServerKinds.OpenAi or ModelServerKinds.Anthropic or ModelServerKinds.Ollama)
        {
            await Replies.NotFoundAsync(http);
        }
        else if (_options.Kind == ModelServerKinds.LlamaCpp)
        {
            await (fault is { Status: > 0 }
                ? Replies.JsonAsync(http, 503, """{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}""")
                : Replies.JsonAsync(http, 200, """{"status":"ok"}"""));
        }
        else
        {
            await Replies.EmptyAsync(http, fault is { Status: > 0 } ? 503 : 200);
        }
    }

    public Task HandleAsync(HttpContext http, string path)
    {
        var answer = _options.Kind switch
        {
            ModelServerKinds.Vllm => Vllm(path),
            ModelServerKinds.Sglang => Sglang(path),
            ModelServerKinds.Tgi => path == "/info" ? Tgi() : null,
            ModelServerKinds.LlamaCpp => LlamaCpp(http, path),
            ModelServerKinds.Ollama => Ollama(path),
            _ => null,
        };
        if (answer is not null)
        {
            return Replies.JsonAsync(http, 200, answer);
        }

        return path switch
        {
            "/ping" when _options.Kind == ModelServerKinds.Vllm => Replies.EmptyAsync(http, 200),
            "/" when _options.Kind == ModelServerKinds.Ollama => Replies.TextAsync(http, 200, "text/plain; charset=utf-8", "Ollama is running"),
            "/slots" when _options.Kind == ModelServerKinds.LlamaCpp => Replies.JsonAsync(http, 503, """{"error":{"code":503,"message":"no slot available","type":"unavailable_error"}}"""),
            _ when path == _metrics.Path => Replies.TextAsync(http, 200, "text/plain; version=0.0.4; charset=utf-8", _metrics.Render()),
            _ => Replies.NotFoundAsync(http),
        };
    }

    private string? Vllm(string path) => path switch
    {
        "/version" => """{"version":"0.11.0"}""",
        "/load" => $$"""{"server_load":{{server.Engine.Engine.Running + server.Engine.Waiting}}}""",
        _ => null,
    };

    private string? Sglang(string path) => path switch
    {
        "/get_model_info" or "/model_info" => $$"""{"model_path":"{{Model}}","tokenizer_path":"{{Model}}","is_generation":true}""",
        "/get_server_info" or "/server_info" =>
            $$"""{"model_path":"{{Model}}","served_model_name":"{{Model}}","max_running_requests":{{_options.Engine.MaxRunning}},"page_size":{{_options.Engine.BlockTokens}},"max_total_num_tokens":{{_options.Engine.MaxModelLength}},"version":"0.5.3"}""",
        _ => null,
    };

    private string Tgi() =>
        $$"""{"model_id":"{{Model}}","model_sha":null,"max_concurrent_requests":{{_options.Engine.MaxRunning}},"max_input_tokens":{{_options.Engine.MaxModelLength - 1}},"max_total_tokens":{{_options.Engine.MaxModelLength}},"router":"text-generation-router","version":"3.3.5","sha":null,"docker_label":null}""";

    private string? LlamaCpp(HttpContext http, string path)
    {
        var slots = _options.Engine.MaxRunning;
        if (path == "/props")
        {
            return $$$"""{"default_generation_settings":{"n_ctx":{{{_options.Engine.MaxModelLength}}}},"total_slots":{{{slots}}},"model_path":"{{{Model}}}","build_info":"b6700-simulated"}""";
        }

        var running = Math.Min(slots, server.Engine.Engine.Running);
        if (path != "/slots" || (running == slots && http.Request.Query.ContainsKey("fail_on_no_slot")))
        {
            return null;
        }

        var list = new StringBuilder("[");
        for (var i = 0; i < slots; i++)
        {
            list.Append(i == 0 ? "" : ",").Append("{\"id\":").Append(i).Append(",\"n_ctx\":").Append(_options.Engine.MaxModelLength / slots)
                .Append(",\"is_processing\":").Append(i < running ? "true" : "false").Append('}');
        }

        return list.Append(']').ToString();
    }

    private string? Ollama(string path) => path switch
    {
        "/api/version" => """{"version":"0.12.3"}""",
        "/api/tags" => _models.Tags(),
        "/api/ps" => _models.Resident(),
        _ => null,
    };

    private string Model => JsonEncodedText.Encode(_options.Models[0]).ToString();
}
