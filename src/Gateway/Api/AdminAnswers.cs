using System.Text.Json;
using System.Text.Json.Nodes;

namespace BlazeGateway.Api;

/// <summary>The forms an answer of the admin plane takes.</summary>
internal static class AdminAnswers
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Headers of every answer: nothing is cached, framed, sniffed or executed.</summary>
    public static void Harden(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }

    public static Task TextAsync(HttpContext context, int statusCode, string text) =>
        WriteAsync(context, statusCode, "text/plain; charset=utf-8", text + "\n");

    public static Task HtmlAsync(HttpContext context, string html) => WriteAsync(context, StatusCodes.Status200OK, "text/html; charset=utf-8", html);

    public static Task CssAsync(HttpContext context, string css) => WriteAsync(context, StatusCodes.Status200OK, "text/css; charset=utf-8", css);

    public static Task JsonAsync(HttpContext context, int statusCode, JsonNode body) =>
        WriteAsync(context, statusCode, "application/json; charset=utf-8", body.ToJsonString(Indented) + "\n");

    /// <summary>An RFC 9457 problem.</summary>
    public static Task ProblemAsync(HttpContext context, int statusCode, string detail, JsonArray? errors = null)
    {
        var body = new JsonObject
        {
            ["type"] = "about:blank",
            ["title"] = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(statusCode),
            ["status"] = statusCode,
            ["detail"] = detail,
        };
        if (errors is not null)
        {
            body["errors"] = errors;
        }

        return WriteAsync(context, statusCode, "application/problem+json; charset=utf-8", body.ToJsonString(Indented) + "\n");
    }

    private static Task WriteAsync(HttpContext context, int statusCode, string contentType, string body)
    {
        context.Response.StatusCode = statusCode;
        context.Response.ContentType = contentType;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(body, context.RequestAborted);
    }
}
