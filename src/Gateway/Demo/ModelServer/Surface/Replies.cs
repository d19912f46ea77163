using System.Text;
using BlazeGateway.Demo.ModelServer.Answers;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>Small whole answers.</summary>
internal static class Replies
{
    public static Task JsonAsync(HttpContext http, int status, string json) => TextAsync(http, status, "application/json", json);

    public static Task TextAsync(HttpContext http, int status, string type, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.ContentLength = bytes.Length;
        return http.Response.BodyWriter.WriteAsync(bytes, http.RequestAborted).AsTask();
    }

    public static Task NotFoundAsync(HttpContext http) =>
        JsonAsync(http, StatusCodes.Status404NotFound, ErrorBody.OpenAi("invalid_request_error", $"Unknown path {http.Request.Path}", null, null));
}
