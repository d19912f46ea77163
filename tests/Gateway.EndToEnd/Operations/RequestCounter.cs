using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>A model server that serves the model <c>a</c> and notes every request when its head arrives, whether a body follows or not.</summary>
internal sealed class RequestCounter : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RequestCounter(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Method and path of each request.</summary>
    public ConcurrentQueue<string> Seen { get; } = new();

    public static async Task<RequestCounter> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var counter = new RequestCounter(builder.Build());
        counter._app.Run(counter.AnswerAsync);
        await counter._app.StartAsync();
        return counter;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        Seen.Enqueue($"{context.Request.Method} {context.Request.Path}");
        const string Answer = """{"object":"list","data":[{"id":"a","object":"model"}]}""";
        context.Response.ContentLength = Answer.Length;
        return context.Response.WriteAsync(Answer);
    }
}
