using System.Globalization;

namespace BlazeGateway.Bench;

/// <summary>Hard caps of the loader, so that a slip of the finger does not become an outage.</summary>
internal static class LoadLimits
{
    public const double MaxRate = 100_000;
    public const int MaxConnections = 10_000;
    public const long MaxRequests = 10_000_000;
    public const int MaxPromptBytes = 10 * 1024 * 1024;
    public const int MaxPrompts = 4_096;
    public const int MaxTokens = 1_000_000;
    public const int MaxRetries = 10;
    public const int MaxBodyBytes = 32 * 1024 * 1024;
    public static readonly TimeSpan MaxDuration = TimeSpan.FromHours(1);
    public static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(1);

    /// <summary>Bytes kept in memory for prompts made in advance.</summary>
    public const long MaxPreparedBytes = 512L * 1024 * 1024;

    /// <summary>Every rule the options break, each with name, value, rule and fix; empty when they may run.</summary>
    public static IReadOnlyList<string> Check(LoadOptions options)
    {
        var errors = new List<string>();
        CheckLoop(options, errors);
        CheckRequest(options.Request, errors);
        Range(errors, "--connections", options.Connections, 1, MaxConnections);
        Range(errors, "--retries", options.Retries, 0, MaxRetries);
        Range(errors, "--timeout", options.Timeout.TotalSeconds, 0.001, MaxTimeout.TotalSeconds);
        Range(errors, "--ttft-target", options.TtftTarget.TotalSeconds, 0.001, MaxTimeout.TotalSeconds);
        return errors;
    }

    private static void CheckLoop(LoadOptions options, List<string> errors)
    {
        var loops = (options.Rate is null ? 0 : 1) + (options.Concurrency is null ? 0 : 1) + (options.Arrivals is null ? 0 : 1);
        if (loops != 1)
        {
            errors.Add("Give either --rate (open loop) or --concurrency (closed loop), one of them.");
        }

        if (options.Rate is { } rate)
        {
            Range(errors, "--rate", rate, 0.001, MaxRate);
        }

        if (options.Concurrency is { } concurrency)
        {
            Range(errors, "--concurrency", concurrency, 1, MaxConnections);
        }

        if (options.Duration is null && options.Requests is null)
        {
            errors.Add("Nothing ends this load: give --duration, --requests or both.");
        }

        if (options.Duration is { } duration)
        {
            Range(errors, "--duration", duration.TotalSeconds, 0.001, MaxDuration.TotalSeconds);
        }

        if (options.Requests is { } requests)
        {
            Range(errors, "--requests", requests, 1, MaxRequests);
        }
    }

    private static void CheckRequest(RequestOptions request, List<string> errors)
    {
        if (request.Url is not { IsAbsoluteUri: true, Scheme: "http" })
        {
            errors.Add($"--url is '{request.Url}'; the loader speaks HTTP/1.1 in clear text: give an absolute http:// address.");
        }

        if (request.Stream && request.Model is null && request.Body is null)
        {
            errors.Add("--stream needs --model, or a --body that asks for a stream.");
        }

        if (request.Model is not null && request.Body is not null)
        {
            errors.Add("--model builds the body; leave out --body or --model.");
        }

        Range(errors, "--prompt-bytes", request.PromptBytes, 1, MaxPromptBytes);
        Range(errors, "--prompts", request.Prompts, 1, MaxPrompts);
        Range(errors, "--max-tokens", request.MaxTokens, 1, MaxTokens);
        Range(errors, "--body (bytes)", request.Body?.Length ?? 0, 0, MaxBodyBytes);
        if ((long)request.PromptBytes * request.Prompts > MaxPreparedBytes)
        {
            errors.Add($"--prompts × --prompt-bytes is {(long)request.PromptBytes * request.Prompts} bytes; at most {MaxPreparedBytes} are kept ready: lower one of them.");
        }

        CheckText(request, errors);
    }

    private static void CheckText(RequestOptions request, List<string> errors)
    {
        if (request.Path is { } path && (!path.StartsWith('/') || HasBreak(path) || path.Contains(' ', StringComparison.Ordinal)))
        {
            errors.Add($"--path is '{path}'; it must start with '/' and have no space or line break.");
        }

        if (request.Method is { } method && (method.Length == 0 || !method.All(char.IsAsciiLetter)))
        {
            errors.Add($"--method is '{method}'; it must be letters only, such as GET or POST.");
        }

        foreach (var (name, value) in request.Headers)
        {
            if (name.Length == 0 || HasBreak(name) || HasBreak(value) || name.Contains(' ', StringComparison.Ordinal))
            {
                errors.Add($"--header '{name}' is not a header field; write it as 'Name: value' without line breaks.");
            }
        }
    }

    private static bool HasBreak(string text) => text.AsSpan().IndexOfAny('\r', '\n') >= 0;

    private static void Range(List<string> errors, string name, double value, double least, double most)
    {
        if (!(value >= least && value <= most))
        {
            errors.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; it must be between {least} and {most}."));
        }
    }
}
