using System.CommandLine;
using System.Globalization;
using BlazeGateway.Bench;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze bench</c>: load on a gateway or a model server, measured as clients see it.</summary>
internal static class BenchCommand
{
    private static readonly Option<string> Url = new("--url") { Description = "Target: http://host:port, with or without /v1 or the whole path. Required.", Required = true };
    private static readonly Option<string?> Model = new("--model") { Description = "Send inference requests for this model; without it, plain HTTP." };
    private static readonly Option<string> DialectName = Choice("--dialect", "Wire format of inference requests.", "openai", "anthropic", "ollama");
    private static readonly Option<double?> Rate = new("--rate") { Description = "Open loop: requests per second, whatever the server does." };
    private static readonly Option<string> ArrivalsName = Choice("--arrivals", "Open loop: how requests arrive.", "poisson", "constant");
    private static readonly Option<int?> Concurrency = new("--concurrency") { Description = "Closed loop: clients that each wait for their answer." };
    private static readonly Option<string?> Duration = new("--duration") { Description = "How long requests are started, such as 10s, 500ms, 2m (default 10s when --requests is not given)." };
    private static readonly Option<long?> Requests = new("--requests") { Description = "Most logical requests to send." };
    private static readonly Option<string> Warmup = Default("--warmup", "The same load for this long before measuring.", "0s");
    private static readonly Option<int> PromptBytes = Default("--prompt-bytes", "Length of each prompt.", 256);
    private static readonly Option<int> Prompts = Default("--prompts", "Different prompts, sent in turn.", 16);
    private static readonly Option<int> MaxTokens = Default("--max-tokens", "Most tokens to generate per request.", 64);
    private static readonly Option<bool> Stream = new("--stream") { Description = "Ask for streams; report first token, gaps and completeness." };
    private static readonly Option<string?> Path = new("--path") { Description = "Path and query (default: the dialect's chat path, or that of --url)." };
    private static readonly Option<string?> Method = new("--method") { Description = "HTTP method (default GET, POST with a body)." };
    private static readonly Option<string?> Body = new("--body") { Description = "Body of plain HTTP requests." };
    private static readonly Option<string[]> Header = new("--header") { Description = "'Name: value', sent with every request; repeatable." };
    private static readonly Option<int> Seed = Default("--seed", "Fixes arrivals, prompts and jitter.", 1);
    private static readonly Option<int> Retries = Default("--retries", "Clients repeat refused and failed requests this often, with jitter, honouring Retry-After.", 0);
    private static readonly Option<int> Connections = Default("--connections", "Open loop: most connections.", 256);
    private static readonly Option<string> Timeout = Default("--timeout", "An attempt not complete after this is given up.", "60s");
    private static readonly Option<string> TtftTarget = Default("--ttft-target", "Goodput counts requests whose first content came within this.", "1s");
    private static readonly Option<bool> Hash = new("--hash") { Description = "Count different bodies by SHA-256." };
    private static readonly Option<string> Format = Choice("--format", "What is written to stdout.", "text", "json");
    private static readonly Option<string?> Output = new("--output", "-o") { Description = "Also write the results as JSON to this file." };
    private static readonly Option<bool> AllowRemote = new("--allow-remote") { Description = "Allow targets that are not this machine." };

    public static Command Create()
    {
        var command = new Command("bench", "Loads a gateway or model server and reports what clients saw.")
        {
            Url, Model, DialectName, Rate, ArrivalsName, Concurrency, Duration, Requests, Warmup, PromptBytes, Prompts, MaxTokens, Stream,
            Path, Method, Body, Header, Seed, Retries, Connections, Timeout, TtftTarget, Hash, Format, Output, AllowRemote,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        LoaderProcess.Prepare();
        try
        {
            var options = Options(arguments);
            var warmup = Time("--warmup", arguments.GetRequiredValue(Warmup));
            if (warmup > TimeSpan.Zero)
            {
                await LoadEngine.RunAsync(options with { Duration = warmup, Requests = null }, TimeProvider.System, cancellation: cancellation);
            }

            var result = await LoadEngine.RunAsync(options, TimeProvider.System, cancellation: cancellation);
            if (arguments.GetValue(Output) is { } file)
            {
                await File.WriteAllTextAsync(file, LoadReport.ToJson(result) + "\n", cancellation);
            }

            Console.Out.Write(arguments.GetValue(Format) == "json" ? LoadReport.ToJson(result) + "\n" : LoadReport.ToText(result));
            return result.IsValid && result.Failed == 0 ? ExitCodes.Ok : ExitCodes.Failed;
        }
        catch (LoadRefusedException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return ExitCodes.InvalidConfiguration;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"--output '{arguments.GetValue(Output)}' cannot be written: {error.Message}");
            return ExitCodes.InvalidConfiguration;
        }
    }

    private static LoadOptions Options(ParseResult arguments)
    {
        var requests = arguments.GetValue(Requests);
        var duration = arguments.GetValue(Duration) ?? (requests is null ? "10s" : null);
        return new LoadOptions
        {
            Request = Request(arguments),
            Rate = arguments.GetValue(Rate),
            Poisson = arguments.GetValue(ArrivalsName) != "constant",
            Concurrency = arguments.GetValue(Concurrency),
            Duration = duration is null ? null : Time("--duration", duration),
            Requests = requests,
            Connections = arguments.GetValue(Connections),
            Timeout = Time("--timeout", arguments.GetRequiredValue(Timeout)),
            Retries = arguments.GetValue(Retries),
            Seed = arguments.GetValue(Seed),
            TtftTarget = Time("--ttft-target", arguments.GetRequiredValue(TtftTarget)),
            HashBodies = arguments.GetValue(Hash),
            AllowRemote = arguments.GetValue(AllowRemote),
        };
    }

    private static RequestOptions Request(ParseResult arguments)
    {
        var url = arguments.GetRequiredValue(Url);
        return new RequestOptions
        {
            Url = Uri.TryCreate(url, UriKind.Absolute, out var parsed)
                ? parsed
                : throw new LoadRefusedException($"--url is '{url}'; it must be an absolute address such as http://127.0.0.1:8080."),
            Model = arguments.GetValue(Model),
            Dialect = arguments.GetValue(DialectName) switch
            {
                "anthropic" => Dialect.Anthropic,
                "ollama" => Dialect.Ollama,
                _ => Dialect.OpenAi,
            },
            Stream = arguments.GetValue(Stream),
            PromptBytes = arguments.GetValue(PromptBytes),
            MaxTokens = arguments.GetValue(MaxTokens),
            Prompts = arguments.GetValue(Prompts),
            Path = arguments.GetValue(Path),
            Method = arguments.GetValue(Method)?.ToUpperInvariant(),
            Body = arguments.GetValue(Body),
            Headers = [.. (arguments.GetValue(Header) ?? []).Select(Field)],
        };
    }

    private static KeyValuePair<string, string> Field(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            ? new(text[..colon], text[(colon + 1)..].Trim())
            : throw new LoadRefusedException($"--header '{text}' has no name; write it as 'Name: value'.");
    }

    private static TimeSpan Time(string option, string text)
    {
        var (digits, seconds) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (text[..^2], 0.001),
            _ when text.EndsWith('s') => (text[..^1], 1.0),
            _ when text.EndsWith('m') => (text[..^1], 60.0),
            _ => (text, 1.0),
        };
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value < 1e9
            ? TimeSpan.FromSeconds(value * seconds)
            : throw new LoadRefusedException($"{option} is '{text}'; write a time such as 500ms, 10s or 2m.");
    }

    private static Option<T> Default<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static Option<string> Choice(string name, string description, params string[] values) =>
        Default(name, description, values[0]).AcceptOnlyFromAmong(values);
}
