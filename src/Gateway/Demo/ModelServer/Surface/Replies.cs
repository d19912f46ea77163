using System.Text;
using BlazeGateway.Demo.ModelServer.Answers;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>Small whole answers.</summary>
internal static class Replies
{
    public static Task EmptyAsync(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        http.Response.ContentLength = 0;
        return http.Response.CompleteAsync();
    }

    public static Task JsonAsync(HttpContext http, int status, string json) => TextAsync(http, status, "application/json", json);

    public static Task TextAsync(HttpContext http, int status, string type, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.ContentLength = bytes.Length;
        return http.Response.BodyWriter.WriteAsync(bytes, http.RequestAborted).AsTask();
    }

    public static Task ErrorAsync(HttpContext http, Dialect dialect, int status, string message, string? param = null, string? code = null) =>
        JsonAsync(http, status, ErrorBody.For(dialect, status, message, param, code));

    public static Task NotFoundAsync(HttpContext http) =>
        ErrorAsync(http, DialectOf(http.Request.Path.Value!), StatusCodes.Status404NotFound, $"Unknown path {http.Request.Path}");

    public static Dialect DialectOf(string path) =>
        path.Contains("/messages", StringComparison.Ordinal) ? Dialect.Anthropic
        : path.StartsWith("/api/", StringComparison.Ordinal) && !path.Contains("/v1/", StringComparison.Ordinal) ? Dialect.Ollama
        : Dialect.OpenAi;
}
