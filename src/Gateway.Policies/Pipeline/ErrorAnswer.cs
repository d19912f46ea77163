using System.Buffers;
using System.Globalization;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Answers a request with an error of the gateway's own, in the client's dialect.</summary>
public static class ErrorAnswer
{
    private const int ShortestRetry = 1;

    /// <summary>Replaces whatever was prepared by the error. Does nothing once the answer has begun.</summary>
    /// <param name="http">The request.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="message">Sentence in place of the error's own.</param>
    /// <param name="retryAfter">Seconds after which the client may come again, where the error tells that; 0 for the shortest.</param>
    /// <param name="attempts">Destinations the request was sent to.</param>
    internal static async Task WriteAsync(HttpContext http, GatewayError error, string? message = null, int retryAfter = 0, int attempts = 0)
    {
        var body = new ArrayBufferWriter<byte>(256);
        ErrorEnvelope.Write(body, DialectOf(http.Request), error, message);
        var wait = error.WantsRetryAfter ? Math.Max(retryAfter, ShortestRetry) : 0;
        await WriteAsync(http, error.Status, error.Code, body.WrittenMemory, wait, attempts, closes: error == GatewayError.AmbiguousFraming);
    }

    /// <summary>Replaces whatever was prepared by <paramref name="body"/>, which is an error in the client's dialect already.</summary>
    internal static Task WriteAsync(HttpContext http, int status, string code, ReadOnlyMemory<byte> body, bool retryAfter, int attempts) =>
        WriteAsync(http, status, code, body, retryAfter ? ShortestRetry : 0, attempts, closes: false);

    private static async Task WriteAsync(HttpContext http, int status, string code, ReadOnlyMemory<byte> body, int retryAfter, int attempts, bool closes)
    {
        var response = http.Response;
        if (response.HasStarted)
        {
            return;
        }

        var id = response.Headers[RequestId.Header];
        if (id.Count == 0)
        {
            id = http.Request.Headers[RequestId.Header];
        }

        response.Clear();
        response.StatusCode = status;
        response.ContentType = ErrorEnvelope.ContentType;
        response.ContentLength = body.Length;
        response.Headers[RequestId.Header] = id;
        response.Headers[BlazeHeaders.Error] = code;
        response.Headers.CacheControl = "no-store";
        if (closes && (HttpProtocol.IsHttp11(http.Request.Protocol) || HttpProtocol.IsHttp10(http.Request.Protocol)))
        {
            response.Headers.Connection = "close";
        }

        switch (status)
        {
            case StatusCodes.Status401Unauthorized:
                response.Headers.WWWAuthenticate = "Bearer";
                break;
            case StatusCodes.Status405MethodNotAllowed:
                response.Headers.Allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
                break;
            default:
                break;
        }

        if (retryAfter > 0)
        {
            response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        }

        BlazeHeaders.TellAttempts(response.Headers, attempts);

        // Not canceled by the request's token: it may be canceled for a limit, and the server lets go of a client that left by itself.
        await response.Body.WriteAsync(body, CancellationToken.None);
    }

    private static Dialect DialectOf(HttpRequest request)
    {
        var dialect = InferencePath.DialectOf(request.Path.Value);
        return dialect == Dialect.OpenAi && request.Headers.ContainsKey(ModelAnswers.AnthropicVersion) ? Dialect.Anthropic : dialect;
    }
}
