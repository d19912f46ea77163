using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.Policies.Tests.Destinations;

/// <summary>A real server on a loopback port whose answer a test may change while it runs.</summary>
internal sealed class Responder : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _paths = new(StringComparer.Ordinal);
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, IHeaderDictionary> _headers = new(StringComparer.Ordinal);
    private int _asked;

    private Responder(WebApplication app, RequestDelegate answer)
    {
        _app = app;
        Answer = answer;
    }

    public RequestDelegate Answer { get; set; }

    public int Asked => Volatile.Read(ref _asked);

    /// <summary>How often a path was asked.</summary>
    public int AskedFor(string path) => _paths.GetValueOrDefault(path);

    public string? LastPathAndQuery { get; private set; }

    public IHeaderDictionary? LastHeaders { get; private set; }

    /// <summary>Headers that a path was last asked with.</summary>
    public IHeaderDictionary HeadersOf(string path) => _headers[path];

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/";

    public static async Task<Responder> StartAsync(RequestDelegate answer, int port = 0)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var responder = new Responder(app, answer);
        app.Run(context =>
        {
            responder.LastPathAndQuery = context.Request.Path + context.Request.QueryString;
            responder.LastHeaders = new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
            responder._headers[context.Request.Path.Value!] = responder.LastHeaders;
            responder._paths.AddOrUpdate(context.Request.Path.Value!, 1, static (_, count) => count + 1);
            Interlocked.Increment(ref responder._asked);
            return responder.Answer(context);
        });
        await app.StartAsync();
        return responder;
    }

    public static RequestDelegate Json(string json) => Status(200, json);

    public static RequestDelegate Status(int status, string json = "{}") => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    };

    public static RequestDelegate OpenAiModels(params string[] models) =>
        Json($$"""{"object":"list","data":[{{string.Join(',', models.Select(m => $$"""{"id":"{{m}}","object":"model","created":1700000000,"owned_by":"vllm"}"""))}}]}""");

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
