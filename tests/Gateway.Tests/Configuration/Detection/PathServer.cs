using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.Tests.Configuration.Detection;

/// <summary>A real server that knows the paths it is given and answers 404 on every other.</summary>
internal sealed class PathServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PathServer(WebApplication app) => _app = app;

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static Task<PathServer> StartAsync(params (string Path, string Body)[] paths) =>
        StartAsync(async context =>
        {
            var found = Array.Find(paths, p => p.Path == context.Request.Path);
            context.Response.StatusCode = found.Body is null ? 404 : 200;
            await context.Response.WriteAsync(found.Body ?? "{}");
        });

    public static async Task<PathServer> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return new PathServer(app);
    }

    public static (string Path, string Body) Models(string owner, params string[] models) =>
        ("/v1/models", $$"""{"object":"list","data":[{{string.Join(',', models.Select(m => $$"""{"id":"{{m}}","owned_by":"{{owner}}","max_model_len":4096}"""))}}]}""");

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
