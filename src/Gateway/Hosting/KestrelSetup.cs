using BlazeGateway.Api;
using BlazeGateway.Configuration;
using BlazeGateway.Hosting.Draining;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Pipeline;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace BlazeGateway.Hosting;

/// <summary>Sets Kestrel up and parts the two listeners' requests.</summary>
internal static class KestrelSetup
{
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Limits, from <c>Kestrel:Limits</c> over our defaults, and listeners.</summary>
    public static void Apply(KestrelServerOptions kestrel, IConfiguration configuration, int connections, Listeners listeners)
    {
        kestrel.AddServerHeader = false;
        kestrel.RequestHeaderEncodingSelector = ContentLengthDigits.Select;
        var limits = kestrel.Limits;
        limits.RequestHeadersTimeout = HeadersTimeout;

        // Bodies that are held have a limit per route; all others stream and cost no memory whatever their size.
        limits.MaxRequestBodySize = null;
        KestrelLimits.Bind(configuration.GetSection("Kestrel:Limits"), limits);

        // Each listener counts its own, upgraded ones too, which the server's count would leave out.
        limits.MaxConcurrentConnections = null;
        limits.MaxConcurrentUpgradedConnections = Math.Min(limits.MaxConcurrentUpgradedConnections ?? connections, connections);
        listeners.Configure(kestrel);
    }

    /// <summary>Inline scheduling, and the two buffer limits of <c>Kestrel:Limits</c>, which the server keeps but its sockets do not read.</summary>
    public static void Apply(SocketTransportOptions sockets, IConfiguration configuration)
    {
        var limits = new KestrelServerLimits();
        KestrelLimits.Bind(configuration.GetSection("Kestrel:Limits"), limits);
        sockets.UnsafePreferInlineScheduling = true;
        sockets.MaxReadBufferSize = limits.MaxRequestBufferSize;
        sockets.MaxWriteBufferSize = limits.MaxResponseBufferSize;
    }

    /// <summary>Two pipelines that share nothing: a request on one listener cannot reach what belongs to the other, whatever its headers say.</summary>
    public static void Branch(WebApplication app)
    {
        // WebApplication puts these two in front of everything as soon as their services are there; the admin plane has its own, the proxy none.
        ((IApplicationBuilder)app).Properties["__AuthenticationMiddlewareSet"] = true;
        ((IApplicationBuilder)app).Properties["__AuthorizationMiddlewareSet"] = true;
        var admin = ((IApplicationBuilder)app).New();
        admin.UseAdminApi();
        var adminPipeline = admin.Build();

        var proxy = ((IApplicationBuilder)app).New();
        proxy.UseRouting();

        // Both make objects for every request, also where no route asks for them.
        proxy.UseWhen(static http => MetadataOf<ICorsMetadata>(http) is not null, static cors => cors.UseCors());
        proxy.UseWhen(static http => (MetadataOf<RequestTimeoutAttribute>(http) ?? (object?)MetadataOf<RequestTimeoutPolicy>(http)) is not null, static timeouts => timeouts.UseRequestTimeouts());
        proxy.UseEndpoints(endpoints => endpoints.MapReverseProxy(pipeline => pipeline.UseGatewayPolicies()));
        proxy.UseUnmatchedRequests();
        var proxyPipeline = proxy.Build();

        var door = new DrainDoor(app.Services.GetRequiredService<Drain>(), app.Services.GetRequiredService<UnmatchedRequests>(), proxyPipeline);
        app.Run(context => context.Features.Get<AdminListener>() is null ? door.EnterAsync(context) : adminPipeline(context));
    }

    private static T? MetadataOf<T>(HttpContext http)
        where T : class => http.GetEndpoint()?.Metadata.GetMetadata<T>();
}
