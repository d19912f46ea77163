using System.CommandLine;
using System.Text;
using System.Text.Json;
using BlazeGateway.Bench;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Claims.Llama;

/// <summary><c>llama</c>: strategies of the gateway before processes of real llama.cpp, to see whether what is gained before simulated model servers is gained there.</summary>
internal static class LlamaCommand
{
    private const string DefaultVariants = "blaze:RoundRobin,blaze:PowerOfTwoChoices,blaze:LeastConnections,blaze:Adaptive";

    private static readonly Option<string> Model = new("--model") { Description = "A model as GGUF. A tiny one, for all servers share the machine.", Required = true };
    private static readonly Option<string> ScenarioName = Default("--scenario", "One of llama.json: H or C.", "H");
    private static readonly Option<string> VariantNames = Default("--variants", "proxy:balance as for compare, separated by commas; one is blaze:RoundRobin.", DefaultVariants);
    private static readonly Option<int> Seeds = Default("--seeds", "Number of seeds.", 5);
    private static readonly Option<double> Seconds = Default("--seconds", "Seconds in which the requests of a trial come.", 40.0);
    private static readonly Option<double> Warmup = Default("--warmup", "Seconds of other requests before each trial.", 10.0);
    private static readonly Option<double?> Rate = new("--rate") { Description = "Requests (C: new conversations) a second. Default: the scenario's." };
    private static readonly Option<string> Blaze = Default("--blaze", "The gateway's program.", Path.Combine(AppContext.BaseDirectory, "blaze.dll"));
    private static readonly Option<string?> Output = new("--output", "-o") { Description = "Write every trial as JSON to this file." };

    public static RootCommand Create()
    {
        var command = new RootCommand("Compares strategies before real llama.cpp servers, which need Node.js 20 or later and npm.")
        {
            Model, ScenarioName, VariantNames, Seeds, Seconds, Warmup, Rate, Blaze, Output,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        LoaderProcess.Prepare();
        try
        {
            await CompareAsync(arguments, cancellation);
            return 0;
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

    private static async Task CompareAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        var name = arguments.GetRequiredValue(ScenarioName);
        var scenario = LlamaScenario.Read(name);
        var variants = Variants(arguments.GetRequiredValue(VariantNames));
        var seeds = (int)AtLeast(1, "--seeds", arguments.GetValue(Seeds));
        var options = new TrialOptions { Seconds = AtLeast(1, "--seconds", arguments.GetValue(Seconds)), WarmupSeconds = AtLeast(0, "--warmup", arguments.GetValue(Warmup)) };
        var rate = AtLeast(0.01, "--rate", arguments.GetValue(Rate) ?? scenario.Workload.Rate);
        var blaze = arguments.GetRequiredValue(Blaze);
        var engine = await LlamaEngine.PrepareAsync(arguments.GetRequiredValue(Model), time, cancellation);
        using var client = new HttpClient();
        await using var fleet = await RealFleet.StartAsync("llamacpp", engine.Servers(scenario), client, time, cancellation);
        using var lab = new Lab(fleet.Addresses[0], RealFleet.Model, blaze);
        var comparison = new Comparison(new TrialRunner(scenario.Requests, fleet, lab, client, time), variants, [.. Enumerable.Range(1, seeds)], Console.Error);
        var before = LoadAverage();
        var trials = await comparison.AtRateAsync(rate, options, cancellation);
        var machine = new Dictionary<string, string>(Machine.Describe(time.GetUtcNow()), StringComparer.Ordinal) { ["load average before"] = before, ["after"] = LoadAverage() };
        if (arguments.GetValue(Output) is { } file)
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { Scenario = name, Machine = machine, Trials = trials }, LoadReport.Json) + "\n", cancellation);
        }

        var text = new StringBuilder($"{name}: {scenario.What}\n").Append(ComparisonTable.OfTrials(trials, options.Seconds));
        text.AppendJoin('\n', LlamaRatios.Of(trials)).AppendLine();
        text.AppendJoin("; ", machine.Select(fact => $"{fact.Key} {fact.Value}")).AppendLine();
        Console.Out.Write(text);
    }

    private static FrontEnd[] Variants(string names)
    {
        FrontEnd[] variants = [.. names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).Select(FrontEnd.Parse)];
        return Array.Exists(variants, variant => variant.Name == Promises.RoundRobin)
            ? variants
            : throw new ArgumentException($"--variants is '{names}'; {Promises.RoundRobin}, to which the others are compared, must be one of them.");
    }

    private static double AtLeast(double least, string option, double value) =>
        value >= least ? value : throw new ArgumentException(FormattableString.Invariant($"{option} is {value}; it must be at least {least}."));

    // Runnable and running threads, averaged over 1, 5 and 15 minutes (Linux): what else the machine had to do.
    private static string LoadAverage() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : "unknown";

    private static Option<T> Default<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
