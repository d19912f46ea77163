using System.Net;
using BlazeGateway.Configuration.Options;
using Prometheus;

namespace BlazeGateway.Api;

/// <summary>
/// Answers everything that arrives on the admin listener. Terminal, with its own small table of paths, so that no route of the data plane can reach it
/// and it can reach none of theirs.
/// </summary>
internal sealed class AdminApi
{
    private readonly Dictionary<string, Page> _pages;
    private readonly HashSet<string> _hosts;

    public AdminApi(AdminOptions options, AdminPorts ports, Readiness readiness, StatusPage status, CollectorRegistry registry)
    {
        _hosts = new HashSet<string>(options.AllowedHosts, StringComparer.OrdinalIgnoreCase) { "localhost" };
        var configuration = new ConfigurationEndpoints(ports);
        _pages = new Dictionary<string, Page>(StringComparer.Ordinal)
        {
            ["/"] = new(status.WriteAsync),
            ["/status.css"] = new(StatusPage.WriteStyleAsync),
            ["/favicon.ico"] = new(NoContentAsync),
            ["/metrics"] = new(context => WriteMetricsAsync(context, registry)),
            ["/livez"] = new(context => AdminAnswers.TextAsync(context, StatusCodes.Status200OK, "ok")),
            ["/readyz"] = new(readiness.WriteReadyAsync),
            ["/startupz"] = new(readiness.WriteStartedAsync),
            ["/api/v1/config"] = new(configuration.WriteAsync),
            ["/api/v1/config/reload"] = new(configuration.ReloadAsync, Changes: true),
        };
    }

    /// <summary>The terminal middleware of the admin branch.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        // Kestrel runs us on the socket's thread; nothing here is in such a hurry that it may hold that thread.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        AdminAnswers.Harden(context.Response);
        await AnswerAsync(context);
    }

    private Task AnswerAsync(HttpContext context)
    {
        var host = context.Request.Host.Host;
        if (!_hosts.Contains(host) && !IPAddress.TryParse(host, out _))
        {
            return AdminAnswers.ProblemAsync(
                context, StatusCodes.Status421MisdirectedRequest, $"The admin plane is not called '{Shown(host)}'. Add the name to Admin:AllowedHosts, or use localhost.");
        }

        if (!_pages.TryGetValue(context.Request.Path.Value ?? "/", out var page))
        {
            return AdminAnswers.ProblemAsync(context, StatusCodes.Status404NotFound, $"There is nothing at '{Shown(context.Request.Path.Value ?? "")}' on the admin plane.");
        }

        var isRead = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        if (page.Changes ? !HttpMethods.IsPost(context.Request.Method) : !isRead)
        {
            context.Response.Headers.Allow = page.Changes ? "POST" : "GET, HEAD";
            return AdminAnswers.ProblemAsync(context, StatusCodes.Status405MethodNotAllowed, $"Use {(page.Changes ? "POST" : "GET")} here.");
        }

        return page.Changes && IsFromAnotherSite(context.Request)
            ? AdminAnswers.ProblemAsync(context, StatusCodes.Status403Forbidden, "A page of another site may not change anything here.")
            : page.Write(context);
    }

    // Browsers name the origin of every cross-site POST in one of the two headers; tools send neither.
    private static bool IsFromAnotherSite(HttpRequest request)
    {
        string? site = request.Headers["Sec-Fetch-Site"];
        string? origin = request.Headers.Origin;
        return (site is not null and not "same-origin")
            || (origin is not null && !string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase));
    }

    private static string Shown(string value) => value.Length <= 100 ? value : value[..100] + "…";

    private static Task NoContentAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static Task WriteMetricsAsync(HttpContext context, CollectorRegistry registry)
    {
        context.Response.ContentType = PrometheusConstants.TextContentTypeWithVersionAndEncoding;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
    }

    private sealed record Page(RequestDelegate Write, bool Changes = false);
}
