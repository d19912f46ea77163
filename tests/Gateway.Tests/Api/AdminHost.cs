using System.Net;
using BlazeGateway.Api;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Observability;
using BlazeGateway.Profiling.Collection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Tests.Api;

/// <summary>A real Kestrel whose only branch is the admin plane, over a real YARP configuration.</summary>
internal sealed class AdminHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private AdminHost(WebApplication app, Uri address)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = address };
    }

    public HttpClient Client { get; }

    public static async Task<AdminHost> StartAsync(AdminPorts ports, RouteConfig[] routes, ClusterConfig[] clusters, params string[] allowedHosts)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddReverseProxy().LoadFromMemory(routes, clusters);
        var time = new FakeTimeProvider();
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton(ports);
        builder.Services.AddSingleton(GatewayRegistry.Create(new ProcessSnapshotReader(time)));
        builder.Services.AddAdminApi(new AdminOptions { AllowedHosts = [.. allowedHosts] });
        var app = builder.Build();
        app.MapWhen(context => !context.Request.Headers.ContainsKey("X-Data"), branch => branch.UseAdminApi());
        app.MapReverseProxy();
        await app.StartAsync();
        return new AdminHost(app, new Uri(app.Urls.Single()));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
