using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>
/// A model server that puts marked strings into everything it says, whole answers and failures alike, and a collector of traces. The model a request names says how it answers.
/// </summary>
internal sealed class CanaryServer : IAsyncDisposable
{
    /// <summary>How it can answer.</summary>
    public static readonly string[] Models = ["whole", "status-500", "status-429", "status-401", "error-first", "broken", "hang", "no-json", "wrong-length"];

    private readonly WebApplication _app;
    private readonly TaskCompletionSource _ending = new();

    private CanaryServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Bytes exported to <c>/v1/traces</c>.</summary>
    public ConcurrentQueue<byte[]> Traces { get; } = new();

    /// <summary>Requests that named a model, by model.</summary>
    public ConcurrentDictionary<string, int> Answered { get; } = new(StringComparer.Ordinal);

    public static async Task<CanaryServer> StartAsync(string completion)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var server = new CanaryServer(app);
        app.Run(context => server.AnswerAsync(context, completion));
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        _ending.TrySetResult();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context, string completion)
    {
        var path = context.Request.Path.Value!;
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        if (path == "/v1/traces")
        {
            Traces.Enqueue(body.ToArray());
            return;
        }

        if (path == "/health")
        {
            return;
        }

        if (path == "/v1/models")
        {
            await context.Response.WriteAsync($$"""{"object":"list","data":[{{string.Join(',', Models.Select(name => $$"""{"id":"{{name}}","object":"model"}"""))}}]}""");
            return;
        }

        var request = JsonNode.Parse(body.ToArray())!;
        var model = (string)request["model"]!;
        Answered.AddOrUpdate(model, 1, static (_, count) => count + 1);
        context.Response.Headers.SetCookie = $"session={completion}";
        context.Response.Headers["X-Custom"] = completion;
        await (model switch
        {
            _ when model.StartsWith("status-", StringComparison.Ordinal) => FailAsync(context, int.Parse(model[7..], System.Globalization.CultureInfo.InvariantCulture), completion),
            "no-json" => context.Response.WriteAsync($"<html>{completion}</html>"),
            "hang" => _ending.Task.WaitAsync(context.RequestAborted),
            "wrong-length" => TooShortAsync(context, completion),
            _ when (bool?)request["stream"] == true => StreamAsync(context, model, completion),
            _ => WholeAsync(context, model, completion),
        });
    }

    private static Task FailAsync(HttpContext context, int status, string completion)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(Marked("""{"error":{"message":"MARK","type":"server_error","code":"MARK"}}""", completion));
    }

    private static async Task TooShortAsync(HttpContext context, string completion)
    {
        context.Response.ContentLength = 10_000;
        await context.Response.WriteAsync(Marked("""{"choices":[{"message":{"content":"MARK""", completion));
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    private static Task WholeAsync(HttpContext context, string model, string completion) => context.Response.WriteAsync(
        Marked("""{"id":"MARK","object":"chat.completion","model":"NAME","choices":[{"index":0,"message":{"role":"assistant","content":"MARK"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}""", completion)
            .Replace("NAME", model, StringComparison.Ordinal));

    private static async Task StreamAsync(HttpContext context, string model, string completion)
    {
        context.Response.ContentType = "text/event-stream";
        if (model == "error-first")
        {
            await context.Response.WriteAsync(Marked("""data: {"error":{"message":"MARK","type":"server_error","code":500}}""", completion) + "\n\n");
            return;
        }

        for (var i = 0; i < 3; i++)
        {
            await context.Response.WriteAsync(Marked("""data: {"id":"MARK","choices":[{"index":0,"delta":{"content":"MARK"}}]}""", completion) + "\n\n");
            await context.Response.Body.FlushAsync();
        }

        if (model == "broken")
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {{\"id\":\"{completion}"));
            await context.Response.Body.FlushAsync();
            context.Abort();
            return;
        }

        await context.Response.WriteAsync("data: [DONE]\n\n");
    }

    private static string Marked(string text, string completion) => text.Replace("MARK", completion, StringComparison.Ordinal);
}
