using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;
using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Demo.Simulation.Traces;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze replay</c>: what strategies would have made of the requests of a trace, by simulation.</summary>
internal static class ReplayCommand
{
    /// <summary>Blocks that all servers may have together: what fits into a few gigabytes here.</summary>
    private const long MostBlocks = 20_000_000;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static readonly EngineOptions Ordinary = new();
    private static readonly Option<string> Trace = new("--trace") { Description = "Requests to replay: Azure's CSV, Mooncake's JSON lines or a gateway's decisions, gzipped or not. Required.", Required = true };
    private static readonly Option<string> Strategies = Default("--strategies", "Strategies, separated by commas, with +weights for weights by speed; or all.", "all");
    private static readonly Option<int?> Destinations = new("--destinations") { Description = "Model servers, 1 to 1000. Default: as many as --speeds, else 8." };
    private static readonly Option<string?> Speeds = new("--speeds") { Description = "How quick each is, as shares of the rates, separated by commas. Default: 1 for all." };
    private static readonly Option<double> TimeScale = Default("--time-scale", "How many times as quick the requests come.", 1.0);
    private static readonly Option<int> Limit = Default("--limit", "Most requests of the trace, from its beginning.", 10_000_000);
    private static readonly Option<int> Gateways = Default("--gateways", "Gateways in front of the servers.", 1);
    private static readonly Option<int> Seed = Default("--seed", "Decides what is left to chance.", 1);
    private static readonly Option<double> PrefillRate = Default("--prefill-rate", "Prompt tokens per second of a server.", Ordinary.PrefillRate);
    private static readonly Option<double> DecodeRate = Default("--decode-rate", "Tokens per second of a lone sequence.", Ordinary.DecodeRate);
    private static readonly Option<int> MaxRunning = Default("--max-running", "Sequences a server runs at once.", Ordinary.MaxRunning);
    private static readonly Option<int?> KvBlocks = new("--kv-blocks") { Description = "Cache blocks of 16 tokens of a server. Default: room for two of the longest request, 4096 at least." };
    private static readonly Option<string> Format = ConfigurationArguments.Format();

    internal static Command Create()
    {
        var command = new Command("replay", "Replays a trace through strategies, simulated.")
        {
            Trace, Strategies, Destinations, Speeds, TimeScale, Limit, Gateways, Seed, PrefillRate, DecodeRate, MaxRunning, KvBlocks, Format,
        };
        command.SetAction(static parsed => Run(parsed, parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(ParseResult parsed, TextWriter output, TextWriter remarks)
    {
        try
        {
            var variants = StrategyVariant.Parse(Strategies.Name, parsed.GetRequiredValue(Strategies));
            var speeds = ReadSpeeds(parsed.GetValue(Speeds), parsed.GetValue(Destinations));
            var requests = TraceFile.Read(
                parsed.GetRequiredValue(Trace), Within(TimeScale, parsed.GetValue(TimeScale), 0.0001, 100_000), (int)Within(Limit, parsed.GetValue(Limit), 1, int.MaxValue));
            var options = Options(parsed, speeds, requests);
            var rows = variants.Select(variant => ComparisonRow.Of(
                variant, [FleetSimulation.Run(options with { Strategy = variant.Strategy, Cluster = variant.Tell(options.Cluster, options.Servers) }, requests)])).ToArray();
            output.Write(parsed.GetValue(Format) == "json" ? ToJson(parsed.GetRequiredValue(Trace), requests, rows) : ComparisonTable.Write(Title(parsed, requests, speeds), rows));
            return ExitCodes.Ok;
        }
        catch (Exception error) when (error is ArgumentException or TraceException)
        {
            remarks.WriteLine(error.Message);
            return ExitCodes.InvalidConfiguration;
        }
    }

    private static SimulationOptions Options(ParseResult parsed, double[] speeds, IReadOnlyList<WorkloadRequest> requests)
    {
        var longest = requests.Max(request => request.PromptTokens + request.AnswerTokens);
        var blocks = parsed.GetValue(KvBlocks) is { } given
            ? (int)Within(KvBlocks, given, 1, MostBlocks)
            : Math.Max(Ordinary.KvBlocks, 2 * (longest + Ordinary.BlockTokens - 1) / Ordinary.BlockTokens);
        if ((long)blocks * speeds.Length > MostBlocks)
        {
            throw new ArgumentException(
                $"{speeds.Length} servers with {blocks} cache blocks each have {(long)blocks * speeds.Length}; all together may have {MostBlocks}. Take fewer (--destinations, --kv-blocks) or shorter requests (--limit).");
        }

        var engine = Ordinary with
        {
            PrefillRate = Within(PrefillRate, parsed.GetValue(PrefillRate), 1, 1e9),
            DecodeRate = Within(DecodeRate, parsed.GetValue(DecodeRate), 0.1, 1e6),
            MaxRunning = (int)Within(MaxRunning, parsed.GetValue(MaxRunning), 1, 100_000),
            KvBlocks = blocks,
        };
        return new SimulationOptions
        {
            Servers = Array.ConvertAll(speeds, speed => new ServerOptions { Engine = engine, Speed = speed }),
            Cluster = new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = ModelServerKinds.Vllm } },
            Gateways = (int)Within(Gateways, parsed.GetValue(Gateways), 1, 64),
            Seed = parsed.GetValue(Seed),
        };
    }

    private static double[] ReadSpeeds(string? text, int? destinations)
    {
        var count = destinations is { } given ? (int)Within(Destinations, given, 1, 1000) : 8;
        if (text is null)
        {
            return [.. Enumerable.Repeat(1.0, count)];
        }

        var speeds = Array.ConvertAll(text.Split(',', StringSplitOptions.TrimEntries), word =>
            double.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var speed) && speed is >= 0.001 and <= 1000
                ? speed
                : throw new ArgumentException($"{Speeds.Name} has '{word}'; each must be a number from 0.001 to 1000, as in 1,1,0.35."));
        if (speeds.Length > 1000)
        {
            throw new ArgumentException($"{Speeds.Name} has {speeds.Length} numbers; 1000 servers are the most.");
        }

        return destinations is null || speeds.Length == count
            ? speeds
            : throw new ArgumentException($"{Speeds.Name} has {speeds.Length} numbers and {Destinations.Name} is {count}; there must be one for each. Leave {Destinations.Name} out to have as many as there are numbers.");
    }

    private static string Title(ParseResult parsed, IReadOnlyList<WorkloadRequest> requests, double[] speeds) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Path.GetFileName(parsed.GetValue(Trace))}: {requests.Count} requests in {requests[^1].At:0.#} s, {requests.Average(request => request.PromptTokens):0} prompt and {requests.Average(request => request.AnswerTokens):0} answer tokens on average, {speeds.Length} servers");

    private static string ToJson(string trace, IReadOnlyList<WorkloadRequest> requests, ComparisonRow[] rows) => JsonSerializer.Serialize(
        new { trace, isSimulated = true, requests = requests.Count, seconds = requests[^1].At, strategies = rows }, Json) + "\n";

    private static double Within(Option option, double value, double least, double most) =>
        value >= least && value <= most ? value : throw new ArgumentException(FormattableString.Invariant($"{option.Name} is {value}; it must be from {least} to {most}."));

    private static Option<T> Default<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
