using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>The closed lists every bounded label is taken from. What is not on a list falls into its last entry.</summary>
internal static class MetricLabels
{
    /// <summary>Stands for everything beyond a list or a cap.</summary>
    public const string Other = "other";

    private static readonly string[] MethodNames = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "_OTHER"];

    private static readonly int[] Codes = [101, 200, 201, 204, 400, 401, 403, 404, 413, 429, 499, 500, 502, 503, 504];

    private static readonly string[] StatusNames =
        ["101", "200", "201", "204", "400", "401", "403", "404", "413", "429", "499", "500", "502", "503", "504", "1xx", "2xx", "3xx", "4xx", "5xx"];

    private static readonly string[] OutcomeNames =
    [
        "ok", "client_error", "unauthorized", "rate_limited", "no_backend", "circuit_open",
        "backend_error", "timeout", "stream_broken", "client_canceled", "gateway_error",
    ];

    public static int MethodCount => MethodNames.Length;

    public static int StatusCount => StatusNames.Length;

    public static int OutcomeCount => OutcomeNames.Length;

    public static string MethodName(int index) => MethodNames[index];

    public static string StatusName(int index) => StatusNames[index];

    public static string OutcomeName(Outcome outcome) => OutcomeNames[(int)outcome];

    public static int MethodIndex(string method) => method switch
    {
        "GET" => 0,
        "POST" => 1,
        "PUT" => 2,
        "DELETE" => 3,
        "PATCH" => 4,
        "HEAD" => 5,
        "OPTIONS" => 6,
        "CONNECT" => 7,
        "TRACE" => 8,
        _ => 9,
    };

    public static int StatusIndex(int statusCode)
    {
        var index = Codes.AsSpan().IndexOf(statusCode);
        return index >= 0 ? index : Codes.Length + Math.Clamp(statusCode / 100, 1, 5) - 1;
    }

    /// <summary>Value of <c>gen_ai.operation.name</c>, or null for what is not a generation.</summary>
    public static string? OperationName(Operation operation) => operation switch
    {
        Operation.ChatCompletions or Operation.Responses or Operation.Messages or Operation.OllamaChat => "chat",
        Operation.Completions or Operation.OllamaGenerate => "text_completion",
        Operation.Embeddings or Operation.OllamaEmbed => "embeddings",
        Operation.Rerank => "rerank",
        Operation.CountTokens => "count_tokens",
        _ => null,
    };
}
