using System.CommandLine;
using System.Net;
using BlazeGateway.Demo;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.ModelServer.Faults;
using BlazeGateway.Policies;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze model-server</c>: one simulated model server, until stopped. Prints <c>READY address</c> on stdout when it listens.</summary>
internal static class ModelServerCommand
{
    private static readonly Option<int> Port = new("--port") { Description = "TCP port; 0 lets the operating system choose.", DefaultValueFactory = _ => 9001 };
    private static readonly Option<string> Host = new("--host") { Description = "Loopback address to listen on.", DefaultValueFactory = _ => "127.0.0.1" };
    private static readonly Option<string> Name = new("--name") { Description = "Name in statistics.", DefaultValueFactory = _ => "gpu" };
    private static readonly Option<string> Kind = new("--kind")
    {
        Description = "Server to imitate: vllm, sglang, tgi, llamacpp, ollama, openai, anthropic or generic.",
        DefaultValueFactory = _ => ModelServerKinds.Vllm,
    };

    private static readonly Option<string[]> Model = new("--model") { Description = "Model served; repeatable. Default: demo-small." };
    private static readonly Option<ulong> Seed = new("--seed") { Description = "Decides every text and chance.", DefaultValueFactory = _ => 1 };
    private static readonly Option<double?> PrefillRate = new("--prefill-rate") { Description = "Prompt tokens per second. Default: 8000." };
    private static readonly Option<double?> DecodeRate = new("--decode-rate") { Description = "Tokens per second of a lone sequence. Default: 100." };
    private static readonly Option<int?> MaxRunning = new("--max-running") { Description = "Sequences run at once; others queue. Default: 64." };
    private static readonly Option<int?> KvBlocks = new("--kv-blocks") { Description = "Cache blocks of 16 tokens. Default: 4096." };
    private static readonly Option<int?> MaxStepTokens = new("--max-step-tokens") { Description = "Most tokens computed in one step. Default: 2048." };
    private static readonly Option<double?> BatchCost = new("--batch-cost") { Description = "Share of itself by which a step grows for each further sequence. Default: 0.03." };
    private static readonly Option<int?> AnswerTokens = new("--answer-tokens") { Description = "Tokens of an answer without a limit. Default: 24 to 120 by prompt." };
    private static readonly Option<string?> ApiKey = new("--api-key") { Description = "Key asked for; 401 without it." };
    private static readonly Option<double> HealthDelay = new("--health-delay") { Description = "Seconds before /health answers. Default: 0." };
    private static readonly Option<string?> Fault = new("--fault") { Description = "Fault plan: " + FaultPlan.Grammar };
    private static readonly Option<bool> Unpaced = new("--unpaced") { Description = "Answer at once, without the engine, and remember no requests (for benches)." };
    private static readonly Option<int?> Parent = new("--parent") { Description = "Process to die with; also dies when stdin closes.", Hidden = true };

    internal static Command Create()
    {
        var command = new Command("model-server", "Runs a simulated model server.")
        {
            Port, Host, Name, Kind, Model, Seed, PrefillRate, DecodeRate, MaxRunning, KvBlocks, MaxStepTokens, BatchCost, AnswerTokens, ApiKey, HealthDelay, Fault, Unpaced, Parent,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (parsed.GetValue(Parent) is { } parent && !ParentWatch.Begin(parent, Console.OpenStandardInput(), stop))
        {
            return ExitCodes.Failed;
        }

        try
        {
            await using var host = await ModelServerHost.StartAsync(Options(parsed), TimeProvider.System, stop.Token);
            await Console.Out.WriteLineAsync($"READY {host.Address}");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return ExitCodes.Ok;
        }
        catch (FormatException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return ExitCodes.InvalidConfiguration;
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            await Console.Error.WriteLineAsync($"Cannot listen on {parsed.GetValue(Host)}:{parsed.GetValue(Port)}: {e.Message} Choose another with --port; 0 takes any free one.");
            return ExitCodes.CannotBind;
        }
    }

    private static ModelServerHostOptions Options(ParseResult parsed)
    {
        var engine = new EngineOptions();
        var models = parsed.GetValue(Model);
        var unpaced = parsed.GetValue(Unpaced);
        return new ModelServerHostOptions
        {
            Port = (int)Within("--port", parsed.GetValue(Port), 0, 65535),
            Host = Loopback(parsed.GetValue(Host)!),
            Name = parsed.GetValue(Name)!,
            Kind = KnownKind(parsed.GetValue(Kind)!),
            Models = models is { Length: > 0 } ? models : ["demo-small"],
            Seed = parsed.GetValue(Seed),
            Engine = engine with
            {
                PrefillRate = Within("--prefill-rate", parsed.GetValue(PrefillRate) ?? engine.PrefillRate, 1, 1e9),
                DecodeRate = Within("--decode-rate", parsed.GetValue(DecodeRate) ?? engine.DecodeRate, 0.1, 1e6),
                MaxRunning = (int)Within("--max-running", parsed.GetValue(MaxRunning) ?? engine.MaxRunning, 1, 100_000),
                KvBlocks = (int)Within("--kv-blocks", parsed.GetValue(KvBlocks) ?? engine.KvBlocks, 1, 10_000_000),
                MaxStepTokens = (int)Within("--max-step-tokens", parsed.GetValue(MaxStepTokens) ?? engine.MaxStepTokens, 1, 10_000_000),
                BatchCost = Within("--batch-cost", parsed.GetValue(BatchCost) ?? engine.BatchCost, 0, 100),
            },
            AnswerTokens = parsed.GetValue(AnswerTokens) is { } tokens ? (int)Within("--answer-tokens", tokens, 1, 1_000_000) : null,
            ApiKey = parsed.GetValue(ApiKey),
            HealthDelay = TimeSpan.FromSeconds(Within("--health-delay", parsed.GetValue(HealthDelay), 0, 86_400)),
            Faults = FaultPlan.Parse(parsed.GetValue(Fault) ?? ""),
            Unpaced = unpaced,
            RememberedRequests = unpaced ? 0 : 256,
        };
    }

    private static string Loopback(string host) =>
        IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address)
            ? host
            : throw new FormatException($"--host is '{host}'; a simulated model server listens on a loopback address only, for example 127.0.0.1.");

    private static string KnownKind(string kind) =>
        kind != ModelServerKinds.AzureOpenAi && ModelServerKinds.All.Contains(kind, StringComparer.Ordinal)
            ? kind
            : throw new FormatException($"--kind is '{kind}'; it must be one of {string.Join(", ", ModelServerKinds.All.Where(k => k != ModelServerKinds.AzureOpenAi))}.");

    private static double Within(string option, double value, double least, double most) =>
        value >= least && value <= most ? value : throw new FormatException(FormattableString.Invariant($"{option} is {value}; it must be between {least} and {most}."));
}
