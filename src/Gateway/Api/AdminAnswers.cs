using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace BlazeGateway.Api;

/// <summary>The forms an answer of the admin plane takes when there is no error.</summary>
internal static class AdminAnswers
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Task TextAsync(HttpContext context, int statusCode, string text) =>
        WriteAsync(context, statusCode, "text/plain; charset=utf-8", text + "\n");

    public static Task HtmlAsync(HttpContext context, string html) => WriteAsync(context, StatusCodes.Status200OK, "text/html; charset=utf-8", html);

    public static Task CssAsync(HttpContext context, string css) => WriteAsync(context, StatusCodes.Status200OK, "text/css; charset=utf-8", css);

    public static Task JsonAsync(HttpContext context, int statusCode, JsonNode body) =>
        WriteAsync(context, statusCode, "application/json; charset=utf-8", body.ToJsonString(Indented) + "\n");

    /// <summary>200 with <paramref name="value"/>.</summary>
    public static Task JsonAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        WriteAsync(context, StatusCodes.Status200OK, "application/json; charset=utf-8", JsonSerializer.Serialize(value, type) + "\n");

    private static Task WriteAsync(HttpContext context, int statusCode, string contentType, string body)
    {
        context.Response.StatusCode = statusCode;
        context.Response.ContentType = contentType;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(body, context.RequestAborted);
    }
}
