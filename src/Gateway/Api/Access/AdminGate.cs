using System.Globalization;

namespace BlazeGateway.Api.Access;

/// <summary>
/// The outermost part of the admin plane: headers on every answer, a problem for every error, and one count or audit event for what was refused or changed.
/// </summary>
internal sealed partial class AdminGate(RequestDelegate next, AdminAudit audit, AdminMetrics metrics, ILogger<AdminGate> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        // Kestrel runs us on the socket's thread; nothing here is in such a hurry that it may hold that thread.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Harden(context.Response);

        // Routing keeps an endpoint that somebody before us has chosen; only our own table counts here.
        context.SetEndpoint(null);
        var isOver = false;
        try
        {
            await next(context);
            await CompleteAsync(context);
            isOver = true;
        }
        catch (BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            await AdminProblem.WriteAsync(context, AdminError.Of(exception.StatusCode), "The body of the request is too large, too slow or broken.");
            isOver = true;
        }
        catch (Exception exception) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            Log.Failed(log, exception.GetType().FullName!);
            await AdminProblem.WriteAsync(context, AdminError.InternalError, "The gateway failed. This is a fault of the gateway; its log names the kind.");
            isOver = true;
        }
        finally
        {
            Record(context, isOver);
        }
    }

    /// <summary>Nothing is cached, framed, sniffed or loaded from elsewhere, and no script stands in a page.</summary>
    private static void Harden(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy =
            "default-src 'self'; script-src 'self'; object-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }

    // Routing answers a wrong method with a status and nothing else.
    private static Task CompleteAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.StatusCode < 400 || response.ContentType is not null)
        {
            return Task.CompletedTask;
        }

        var error = AdminError.Of(response.StatusCode);
        return AdminProblem.WriteAsync(context, error, error == AdminError.MethodNotAllowed
            ? $"Use {response.Headers.Allow} here."
            : $"The request was answered with {response.StatusCode.ToString(CultureInfo.InvariantCulture)}.");
    }

    private void Record(HttpContext context, bool isOver)
    {
        var error = context.Features.Get<AdminError>();
        if (error is { IsRefusal: true })
        {
            metrics.Refused(error);
        }

        audit.Write(context, error, isOver);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The admin plane failed: {Exception}")]
        public static partial void Failed(ILogger logger, string exception);
    }
}
