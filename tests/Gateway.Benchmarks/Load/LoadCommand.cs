using System.CommandLine;
using System.Text.Json;
using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Load;

/// <summary><c>load</c>: interleaved rounds over several servers, with medians, ratios and intervals.</summary>
internal static class LoadCommand
{
    private static readonly Option<string> VariantNames = Default("--variants", "Servers to compare, separated by commas: direct, minimal-yarp, blaze, nginx, haproxy.", "direct,minimal-yarp,blaze,nginx,haproxy");
    private static readonly Option<string[]> Custom = new("--custom") { Description = "'name=command' with {port}, {admin} and {destination}; repeatable." };
    private static readonly Option<string> Baseline = Default("--baseline", "The variant ratios are to.", Variants.MinimalYarpName);
    private static readonly Option<int> Rounds = Default("--rounds", "Rounds; claims need 7 or more.", 7);
    private static readonly Option<double> Seconds = Default("--seconds", "Length of each measurement.", 3.0);
    private static readonly Option<double> Warmup = Default("--warmup", "Load before each measurement, seconds. Less than 2 measures the compiler, not the server.", 2.0);
    private static readonly Option<int?> Connections = new("--connections") { Description = "Closed loop of this many keep-alive connections (throughput; default 64)." };
    private static readonly Option<int?> Concurrency = new("--concurrency") { Description = "The same; 1 measures added latency." };
    private static readonly Option<double?> Rate = new("--rate") { Description = "Open loop of this many requests per second." };
    private static readonly Option<bool> Stream = new("--stream") { Description = "Ask for streams." };
    private static readonly Option<bool> Get = new("--get") { Description = "Plain GET instead of inference requests." };
    private static readonly Option<int> PromptBytes = Default("--prompt-bytes", "Length of each prompt.", 1024);
    private static readonly Option<int> MaxTokens = Default("--max-tokens", "Most tokens per answer.", 16);
    private static readonly Option<int> Seed = Default("--seed", "Fixes prompts, arrivals and the intervals.", 1);
    private static readonly Option<string> ModelServer = Default("--model-server", "Behind every variant: fixed (the same bytes always) or blaze (model-server --unpaced).", "fixed");
    private static readonly Option<string> Blaze = Default("--blaze", "The gateway's program.", Path.Combine(AppContext.BaseDirectory, "blaze.dll"));
    private static readonly Option<bool> Short = new("--short") { Description = "3 rounds of 1 s, for continuous integration." };
    private static readonly Option<string?> Output = new("--output", "-o") { Description = "Write the results as JSON to this file." };

    public static RootCommand Create()
    {
        ModelServer.AcceptOnlyFromAmong("fixed", "blaze");
        var command = new RootCommand("Loads several servers in interleaved rounds and compares them.")
        {
            VariantNames, Custom, Baseline, Rounds, Seconds, Warmup, Connections, Concurrency, Rate, Stream, Get, PromptBytes, MaxTokens, Seed,
            ModelServer, Blaze, Short, Output,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        LoaderProcess.Prepare();
        try
        {
            await using var run = new InterleavedRun(Options(arguments), TimeProvider.System, Console.Error);
            var report = await run.RunAsync(cancellation);
            if (arguments.GetValue(Output) is { } file)
            {
                await File.WriteAllTextAsync(file, JsonSerializer.Serialize(report, LoadReport.Json) + "\n", cancellation);
            }

            Console.Out.Write(Summaries.Table(report));
            return report.IsValid ? 0 : 1;
        }
        catch (Exception error) when (error is LoadRefusedException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }
        catch (InvalidOperationException failed)
        {
            await Console.Error.WriteLineAsync(failed.Message);
            return 1;
        }
    }

    private static RunnerOptions Options(ParseResult arguments)
    {
        var isShort = arguments.GetValue(Short);
        var seed = arguments.GetValue(Seed);
        var rate = arguments.GetValue(Rate);
        var clients = arguments.GetValue(Concurrency) ?? arguments.GetValue(Connections);
        var load = new LoadOptions
        {
            Request = new RequestOptions
            {
                Url = Lab.Address(80),
                Model = arguments.GetValue(Get) ? null : "bench",
                Path = arguments.GetValue(Get) ? "/health" : null,
                Stream = arguments.GetValue(Stream),
                PromptBytes = arguments.GetValue(PromptBytes),
                MaxTokens = arguments.GetValue(MaxTokens),
            },
            Rate = rate,
            Concurrency = rate is null ? clients ?? 64 : clients,
            Duration = TimeSpan.FromSeconds(isShort ? 1 : arguments.GetValue(Seconds)),
            Seed = seed,
        };
        var names = arguments.GetRequiredValue(VariantNames).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var options = new RunnerOptions
        {
            Variants = [.. names, .. arguments.GetValue(Custom) ?? []],
            Baseline = arguments.GetRequiredValue(Baseline),
            Rounds = isShort ? 3 : arguments.GetValue(Rounds),
            Warmup = TimeSpan.FromSeconds(arguments.GetValue(Warmup)),
            Seed = seed,
            Load = load,
            ModelServer = arguments.GetRequiredValue(ModelServer),
            Blaze = arguments.GetRequiredValue(Blaze),
        };
        var hasDirect = options.Variants.Contains(Variants.Direct, StringComparer.Ordinal);
        return options.IsThroughput && !hasDirect ? options with { Variants = [Variants.Direct, .. options.Variants] } : options;
    }

    private static Option<T> Default<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
