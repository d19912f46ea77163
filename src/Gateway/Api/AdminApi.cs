using BlazeGateway.Api.Access;
using BlazeGateway.Configuration.Options;
using Prometheus;

namespace BlazeGateway.Api;

/// <summary>What the admin plane answers, and to whom. Its endpoints are in a table of their own, so that no route of the data plane leads to it and it to none of theirs.</summary>
internal sealed class AdminApi(
    AdminOptions options, AdminPorts ports, Readiness readiness, StatusPage status, LoadBalancerEndpoints loadBalancer, CollectorRegistry registry)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRead("/livez", readiness.WriteAliveAsync).RequireRole(AdminRole.Anyone);
        endpoints.MapRead("/readyz", readiness.WriteReadyAsync).RequireRole(AdminRole.Anyone);
        endpoints.MapRead("/startupz", readiness.WriteStartedAsync).RequireRole(AdminRole.Anyone);
        endpoints.MapRead("/status.css", StatusPage.WriteStyleAsync).RequireRole(AdminRole.Anyone);
        endpoints.MapRead("/favicon.ico", NoContentAsync).RequireRole(AdminRole.Anyone);
        endpoints.MapRead("/metrics", WriteMetricsAsync).RequireRole(options.OpenMetrics ? AdminRole.Anyone : AdminRole.Viewer);
        endpoints.MapRead("/", status.WriteAsync).RequireRole(AdminRole.Viewer);

        var configuration = new ConfigurationEndpoints(ports);
        endpoints.MapRead("/api/v1/config", configuration.WriteAsync).RequireRole(AdminRole.Viewer);
        endpoints.MapAction("/api/v1/config/reload", new AdminAction("reload", "configuration"), configuration.ReloadAsync).RequireRole(AdminRole.Operator);
        loadBalancer.Map(endpoints);
    }

    private static Task NoContentAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private Task WriteMetricsAsync(HttpContext context)
    {
        context.Response.ContentType = PrometheusConstants.TextContentTypeWithVersionAndEncoding;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
    }
}
