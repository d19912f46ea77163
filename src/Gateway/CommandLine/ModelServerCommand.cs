using System.CommandLine;
using System.Net;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Policies;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze model-server</c>: one simulated model server, until stopped.</summary>
internal static class ModelServerCommand
{
    private static readonly Option<int> Port = new("--port") { Description = "TCP port; 0 lets the operating system choose.", DefaultValueFactory = _ => 9001 };
    private static readonly Option<string> Host = new("--host") { Description = "Address to listen on, loopback only.", DefaultValueFactory = _ => "127.0.0.1" };
    private static readonly Option<string> Name = new("--name") { Description = "Name in statistics.", DefaultValueFactory = _ => "gpu" };
    private static readonly Option<string> Kind = new("--kind") { Description = "Server to imitate.", DefaultValueFactory = _ => ModelServerKinds.Vllm };
    private static readonly Option<string[]> Model = new("--model") { Description = "Model served; repeatable. Default: demo-small." };
    private static readonly Option<ulong> Seed = new("--seed") { Description = "Decides every text and chance.", DefaultValueFactory = _ => 1 };
    private static readonly Option<double?> PrefillRate = new("--prefill-rate") { Description = "Prompt tokens per second. Default: 8000." };
    private static readonly Option<double?> DecodeRate = new("--decode-rate") { Description = "Tokens per second of a lone sequence. Default: 100." };
    private static readonly Option<int?> MaxRunning = new("--max-running") { Description = "Sequences run at once; others queue. Default: 64." };
    private static readonly Option<int?> KvBlocks = new("--kv-blocks") { Description = "Cache blocks of 16 tokens. Default: 4096." };
    private static readonly Option<int?> AnswerTokens = new("--answer-tokens") { Description = "Tokens of an answer without a limit. Default: 24 to 120 by prompt." };
    private static readonly Option<string?> ApiKey = new("--api-key") { Description = "Key asked for; 401 without it." };
    private static readonly Option<bool> Unpaced = new("--unpaced") { Description = "Answer at once, without the engine (for benches)." };

    internal static Command Create()
    {
        var command = new Command("model-server", "Runs a simulated model server.")
        {
            Port, Host, Name, Kind, Model, Seed, PrefillRate, DecodeRate, MaxRunning, KvBlocks, AnswerTokens, ApiKey, Unpaced,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(Host) is { } host && (!IPAddress.TryParse(host, out var address) || !IPAddress.IsLoopback(address)))
            {
                result.AddError($"--host is '{host}'; a simulated model server listens on a loopback address only, for example 127.0.0.1.");
            }
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        var options = Options(parsed);
        await using var host = await ModelServerHost.StartAsync(options, TimeProvider.System, cancellationToken);
        await Console.Out.WriteLineAsync($"READY {host.Address}");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCodes.Ok;
    }

    private static ModelServerHostOptions Options(ParseResult parsed)
    {
        var engine = new EngineOptions();
        var models = parsed.GetValue(Model);
        var unpaced = parsed.GetValue(Unpaced);
        return new ModelServerHostOptions
        {
            Port = parsed.GetValue(Port),
            Host = parsed.GetValue(Host)!,
            Name = parsed.GetValue(Name)!,
            Kind = parsed.GetValue(Kind)!,
            Models = models is { Length: > 0 } ? models : ["demo-small"],
            Seed = parsed.GetValue(Seed),
            Engine = engine with
            {
                PrefillRate = parsed.GetValue(PrefillRate) ?? engine.PrefillRate,
                DecodeRate = parsed.GetValue(DecodeRate) ?? engine.DecodeRate,
                MaxRunning = parsed.GetValue(MaxRunning) ?? engine.MaxRunning,
                KvBlocks = parsed.GetValue(KvBlocks) ?? engine.KvBlocks,
            },
            AnswerTokens = parsed.GetValue(AnswerTokens),
            ApiKey = parsed.GetValue(ApiKey),
            Unpaced = unpaced,
            RememberedRequests = unpaced ? 0 : 256,
            InlineScheduling = true,
        };
    }
}
