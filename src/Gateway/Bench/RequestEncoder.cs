using System.Text;
using System.Text.Json;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Bench;

/// <summary>Makes the bytes of every request before the load starts: head and body in one array, sent as they are.</summary>
internal static class RequestEncoder
{
    private const string Letters = "etaoinshrdlucmfwypvbgkjqxz";

    /// <summary>The different requests, to be sent in turn.</summary>
    public static byte[][] Encode(RequestOptions options, int seed)
    {
        if (options.Model is null)
        {
            return [Request(options, options.Body is null ? [] : Encoding.UTF8.GetBytes(options.Body))];
        }

        var random = new Random(seed);
        var requests = new byte[options.Prompts][];
        for (var index = 0; index < requests.Length; index++)
        {
            requests[index] = Request(options, Body(options, Prompt(options.PromptBytes, random)));
        }

        return requests;
    }

    /// <summary>Path and query that <paramref name="options"/> ask for.</summary>
    public static string PathOf(RequestOptions options)
    {
        var prefix = options.Url.AbsolutePath.TrimEnd('/');
        if (options.Path is { } path)
        {
            return prefix + path;
        }

        return options.Model is null ? options.Url.PathAndQuery : Append(prefix, options.Dialect switch
        {
            Dialect.Anthropic => "/v1/messages",
            Dialect.Ollama => "/api/chat",
            _ => "/v1/chat/completions",
        });
    }

    // Addresses are pasted as clients have them: bare, with /v1, or with the whole path.
    private static string Append(string prefix, string path)
    {
        var first = path[..path.IndexOf('/', 1)];
        return prefix.EndsWith(path, StringComparison.Ordinal) ? prefix
            : prefix.EndsWith(first, StringComparison.Ordinal) ? prefix + path[first.Length..]
            : prefix + path;
    }

    /// <summary>Words of lower-case letters, exactly <paramref name="length"/> ASCII bytes.</summary>
    public static string Prompt(int length, Random random) => string.Create(length, random, static (span, random) =>
    {
        var word = 0;
        for (var index = 0; index < span.Length; index++)
        {
            if (word == 0)
            {
                word = random.Next(2, 9);
                span[index] = index == 0 ? Letters[random.Next(Letters.Length)] : ' ';
            }
            else
            {
                word--;
                span[index] = Letters[random.Next(Letters.Length)];
            }
        }
    });

    private static byte[] Request(RequestOptions options, byte[] body)
    {
        var method = options.Method ?? (body.Length == 0 ? "GET" : "POST");
        var head = new StringBuilder()
            .Append(method).Append(' ').Append(PathOf(options)).Append(" HTTP/1.1\r\n")
            .Append("Host: ").Append(options.Url.Authority).Append("\r\n");
        if (body.Length > 0)
        {
            head.Append("Content-Length: ").Append(body.Length).Append("\r\n");
            if (!options.Headers.Any(header => string.Equals(header.Key, "Content-Type", StringComparison.OrdinalIgnoreCase)))
            {
                head.Append("Content-Type: application/json\r\n");
            }
        }

        foreach (var (name, value) in options.Headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return [.. Encoding.UTF8.GetBytes(head.Append("\r\n").ToString()), .. body];
    }

    private static byte[] Body(RequestOptions options, string prompt)
    {
        object[] messages = [new { role = "user", content = prompt }];
        return options.Dialect switch
        {
            Dialect.Ollama => JsonSerializer.SerializeToUtf8Bytes(
                new { model = options.Model, stream = options.Stream, messages, options = new { num_predict = options.MaxTokens } }),
            _ when !options.Stream => JsonSerializer.SerializeToUtf8Bytes(
                new { model = options.Model, max_tokens = options.MaxTokens, messages }),
            _ => JsonSerializer.SerializeToUtf8Bytes(
                new { model = options.Model, max_tokens = options.MaxTokens, stream = true, messages }),
        };
    }
}
