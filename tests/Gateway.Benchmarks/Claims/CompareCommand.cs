using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BlazeGateway.Bench;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary><c>compare</c>: load balancing of the gateway beside nginx, HAProxy and YARP, all as real processes before real model-server processes.</summary>
internal static class CompareCommand
{
    private const string DefaultVariants =
        "blaze:RoundRobin,blaze:LeastConnections,blaze:LeastResponseTime,blaze:ConsistentHash,blaze:PowerOfTwoChoices,blaze:WeightedRoundRobin+weights,"
        + "yarp:RoundRobin,yarp:PowerOfTwoChoices,yarp:LeastRequests,nginx:round_robin,nginx:round_robin+weights,nginx:least_conn,nginx:least_conn+weights,"
        + "haproxy:roundrobin,haproxy:roundrobin+weights,haproxy:leastconn,haproxy:leastconn+weights";

    // A request that takes longer is late by far: waiting for it would only make a failed trial long.
    private static readonly TimeSpan s_goodputPatience = TimeSpan.FromSeconds(30);

    private static readonly Option<string> ScenarioName = Default("--scenario", "One of scenarios.json: H, C or U.", "H");
    private static readonly Option<string> VariantNames = Default("--variants", "proxy:balance or proxy:balance+weights, separated by commas; proxies: blaze, yarp, nginx, haproxy.", DefaultVariants);
    private static readonly Option<int> Seeds = Default("--seeds", "Number of seeds; claims need 5 or more.", 5);
    private static readonly Option<double> Seconds = Default("--seconds", "Seconds in which the requests of a trial come. Conversations (C) need 60 or more: their number grows for so long.", 30.0);
    private static readonly Option<double> Warmup = Default("--warmup", "Seconds of other requests before each trial.", 5.0);
    private static readonly Option<double?> Rate = new("--rate") { Description = "Requests (C: new conversations) a second. Default: the scenario's." };
    private static readonly Option<bool> Goodput = new("--goodput") { Description = "Seek the highest rate with 95 % of first tokens within 1 s, then compare at 75 % of what blaze:RoundRobin holds." };
    private static readonly Option<string> Bounds = Default("--bounds", "Rates between which goodputs are sought.", "2:40");
    private static readonly Option<int> Steps = Default("--steps", "Bisections for each variant and seed.", 6);
    private static readonly Option<string?> Ours = new("--ours") { Description = "Variant whose promises are printed. Default: blaze:Adaptive if it is compared, else blaze:LeastConnections, else the first." };
    private static readonly Option<string> Blaze = Default("--blaze", "The gateway's program.", Path.Combine(AppContext.BaseDirectory, "blaze.dll"));
    private static readonly Option<string?> Output = new("--output", "-o") { Description = "Write every trial as JSON to this file." };

    public static RootCommand Create()
    {
        var command = new RootCommand("Compares load balancing of several proxies before the model servers of a scenario.")
        {
            ScenarioName, VariantNames, Seeds, Seconds, Warmup, Rate, Goodput, Bounds, Steps, Ours, Blaze, Output,
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
        var scenario = Scenario.Read(name);
        var bounds = ParseBounds(arguments.GetRequiredValue(Bounds));
        var variants = await InstalledAsync(arguments.GetRequiredValue(VariantNames));
        var ours = OursAmong(variants, arguments.GetValue(Ours));
        using var client = new HttpClient();
        await using var fleet = await RealFleet.StartAsync(scenario, arguments.GetRequiredValue(Blaze), client, time, cancellation);
        using var lab = new Lab(fleet.Addresses[0], RealFleet.Model, arguments.GetRequiredValue(Blaze));
        var comparison = new Comparison(
            new TrialRunner(scenario.Requests, fleet, lab, client, time), variants, [.. Enumerable.Range(1, (int)AtLeast(1, "--seeds", arguments.GetValue(Seeds)))], Console.Error);
        var options = new TrialOptions { Seconds = AtLeast(1, "--seconds", arguments.GetValue(Seconds)), WarmupSeconds = AtLeast(0, "--warmup", arguments.GetValue(Warmup)) };
        var promises = new Promises(name, ours, variants);
        var text = new StringBuilder($"{name}: {scenario.What}\n");
        double? rate = arguments.GetValue(Rate) is not { } asked ? scenario.Workload.Rate
            : asked > 0 ? asked : throw new ArgumentException(FormattableString.Invariant($"--rate is {asked}; it must be above 0."));
        if (arguments.GetValue(Goodput))
        {
            var goodputs = await comparison.GoodputAsync(bounds, (int)AtLeast(1, "--steps", arguments.GetValue(Steps)), options with { Timeout = s_goodputPatience }, cancellation);
            text.Append(ComparisonTable.OfGoodputs(goodputs, bounds));
            ComparisonTable.Warn(text, comparison.Trials);
            text.AppendJoin('\n', promises.OfGoodputs(goodputs)).AppendLine();
            rate = goodputs.TryGetValue(Promises.RoundRobin, out var held) ? 0.75 * Bootstrap.Median([.. held.Select(bracket => bracket.Middle)]) : null;
        }

        if (rate is { } one)
        {
            var trials = await comparison.AtRateAsync(one, options, cancellation);
            text.Append(ComparisonTable.OfTrials(trials, options.Seconds));
            text.AppendJoin('\n', promises.OfTrials(trials)).AppendLine();
        }

        var machine = Machine.Describe(time.GetUtcNow());
        text.AppendJoin("; ", machine.Select(fact => $"{fact.Key} {fact.Value}")).AppendLine();
        await WriteAsync(arguments.GetValue(Output), new { Scenario = name, Machine = machine, comparison.Trials });
        Console.Out.Write(text);
    }

    private static async Task<IReadOnlyList<FrontEnd>> InstalledAsync(string names)
    {
        var variants = new List<FrontEnd>();
        foreach (var variant in names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).Select(FrontEnd.Parse))
        {
            try
            {
                _ = variant.Proxy is "nginx" or "haproxy" ? Lab.Find(variant.Proxy) : null;
                variants.Add(variant);
            }
            catch (FileNotFoundException missing)
            {
                await Console.Error.WriteLineAsync($"skipped {variant.Name}: {missing.Message}");
            }
        }

        return variants.Count > 0 ? variants : throw new ArgumentException($"--variants is '{names}'; none of them can run here: name one that is installed.");
    }

    private static string OursAmong(IReadOnlyList<FrontEnd> variants, string? asked)
    {
        string[] wanted = asked is null ? ["blaze:Adaptive", "blaze:LeastConnections", variants[0].Name] : [asked];
        return wanted.FirstOrDefault(name => variants.Any(variant => variant.Name == name))
            ?? throw new ArgumentException($"--ours is '{asked}', which is not compared: {string.Join(", ", variants.Select(variant => variant.Name))}.");
    }

    private static Bracket ParseBounds(string text) =>
        text.Split(':') is [var low, var high]
        && double.TryParse(low, CultureInfo.InvariantCulture, out var holds) && double.TryParse(high, CultureInfo.InvariantCulture, out var fails) && holds > 0 && fails > holds
            ? new Bracket(holds, fails)
            : throw new ArgumentException($"--bounds is '{text}'; it must be two rates above 0, the lower first, such as 2:40.");

    private static double AtLeast(double least, string option, double value) =>
        value >= least ? value : throw new ArgumentException(FormattableString.Invariant($"{option} is {value}; it must be at least {least}."));

    private static async Task WriteAsync(string? file, object results)
    {
        if (file is not null)
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(results, LoadReport.Json) + "\n");
        }
    }

    private static Option<T> Default<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
