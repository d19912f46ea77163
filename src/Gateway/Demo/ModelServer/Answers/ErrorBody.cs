using System.Text.Json;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Error documents of the three dialects.</summary>
internal static class ErrorBody
{
    public static string OpenAi(string type, string message, string? param, string? code) =>
        $$$"""{"error":{"message":"{{{Escape(message)}}}","type":"{{{type}}}","param":{{{Quote(param)}}},"code":{{{Quote(code)}}}}}""";

    public static string Anthropic(string type, string message) =>
        $$$"""{"type":"error","error":{"type":"{{{type}}}","message":"{{{Escape(message)}}}"}}""";

    public static string Ollama(string message) => $$"""{"error":"{{Escape(message)}}"}""";

    private static string Escape(string text) => JsonEncodedText.Encode(text).ToString();

    private static string Quote(string? text) => text is null ? "null" : $"\"{Escape(text)}\"";
}
