using System.Text.Encodings.Web;
using System.Text.Json;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Error documents of the three dialects.</summary>
internal static class ErrorBody
{
    /// <summary>The body of an error with this status in a dialect.</summary>
    public static string For(Dialect dialect, int status, string message, string? param = null, string? code = null) => dialect switch
    {
        Dialect.Anthropic => Anthropic(AnthropicType(status), message),
        Dialect.Ollama => Ollama(message),
        _ => OpenAi(OpenAiType(status), message, param, code),
    };

    public static string OpenAi(string type, string message, string? param, string? code) =>
        $$$"""{"error":{"message":"{{{Escape(message)}}}","type":"{{{type}}}","param":{{{Quote(param)}}},"code":{{{Quote(code)}}}}}""";

    public static string Anthropic(string type, string message) =>
        $$$"""{"type":"error","error":{"type":"{{{type}}}","message":"{{{Escape(message)}}}"}}""";

    public static string Ollama(string message) => $$"""{"error":"{{Escape(message)}}"}""";

    private static string OpenAiType(int status) => status switch
    {
        401 => "authentication_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    private static string AnthropicType(int status) => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 or 529 => "overloaded_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };

    private static string Escape(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();

    private static string Quote(string? text) => text is null ? "null" : $"\"{Escape(text)}\"";
}
