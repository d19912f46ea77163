using System.Net;
using BlazeGateway.Api;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Observability;
using BlazeGateway.Profiling.Collection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Tests.Api;

/// <summary>A real Kestrel whose only branch is the admin plane, over a real YARP configuration.</summary>
internal sealed class AdminHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private AdminHost(WebApplication app, Uri address, FakeTimeProvider time, LogRecorder log)
    {
        _app = app;
        Time = time;
        Log = log;
        Client = new HttpClient { BaseAddress = address };
    }

    public HttpClient Client { get; }

    public FakeTimeProvider Time { get; }

    public LogRecorder Log { get; }

    public IServiceProvider Services => _app.Services;

    /// <param name="more">Endpoints besides those of the product.</param>
    public static async Task<AdminHost> StartAsync(
        AdminPorts ports, RouteConfig[] routes, ClusterConfig[] clusters, AdminOptions? options = null, Action<IEndpointRouteBuilder>? more = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var log = new LogRecorder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddReverseProxy().LoadFromMemory(routes, clusters);
        var time = new FakeTimeProvider();
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton(ports);
        builder.Services.AddSingleton(GatewayRegistry.Create(new ProcessSnapshotReader(time)));
        builder.Services.AddAdminApi(options ?? new AdminOptions());
        var app = builder.Build();
        app.MapWhen(_ => true, branch => branch.UseAdminApi(more));
        app.MapReverseProxy();
        await app.StartAsync();
        return new AdminHost(app, new Uri(app.Urls.Single()), time, log);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
