using System.Text;
using BlazeGateway.Api;
using BlazeGateway.Configuration;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Pipeline;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BlazeGateway.Hosting;

/// <summary>Sets Kestrel up and parts the two listeners' requests.</summary>
internal static class KestrelSetup
{
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    private static readonly byte[] Hint = Encoding.UTF8.GetBytes(
        """{"gateway":"BlazeGateway","hint":"This port serves clients. Try GET /v1/models or POST /v1/chat/completions; status and metrics are on the admin port."}""");

    /// <summary>Limits, from <c>Kestrel:Limits</c> over our defaults, and listeners.</summary>
    public static void Apply(KestrelServerOptions kestrel, IConfiguration configuration, int connections, Listeners listeners)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.RequestHeadersTimeout = HeadersTimeout;

        // Bodies that are held have a limit per route; all others stream and cost no memory whatever their size.
        limits.MaxRequestBodySize = null;
        KestrelLimits.Bind(configuration.GetSection("Kestrel:Limits"), limits);
        limits.MaxConcurrentConnections = connections;
        limits.MaxConcurrentUpgradedConnections = Math.Min(limits.MaxConcurrentUpgradedConnections ?? connections, connections);
        listeners.Configure(kestrel);
    }

    /// <summary>Two pipelines that share nothing: a request on one listener cannot reach what belongs to the other, whatever its headers say.</summary>
    public static void Branch(WebApplication app)
    {
        var admin = ((IApplicationBuilder)app).New();
        admin.UseAdminApi();
        var adminPipeline = admin.Build();

        var proxy = ((IApplicationBuilder)app).New();
        proxy.UseRouting();
        proxy.UseCors();
        proxy.UseRequestTimeouts();
        proxy.UseEndpoints(endpoints => endpoints.MapReverseProxy(pipeline => pipeline.UseGatewayPolicies()));
        proxy.Run(UnmatchedAsync);
        var proxyPipeline = proxy.Build();

        app.Run(context => context.Features.Get<AdminListener>() is null ? proxyPipeline(context) : adminPipeline(context));
    }

    private static Task UnmatchedAsync(HttpContext context)
    {
        if (context.Request.Path != "/" || !HttpMethods.IsGet(context.Request.Method))
        {
            return ErrorAnswer.RouteNotFoundAsync(context);
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Hint.Length;
        return context.Response.Body.WriteAsync(Hint, context.RequestAborted).AsTask();
    }
}
