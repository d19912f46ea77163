using System.CommandLine;
using System.Text.Json;
using BlazeGateway.Bench;
using BlazeGateway.Benchmarks.Faults.Scenarios;
using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Faults;

/// <summary>
/// <c>faults</c>: what clients see while model servers die, stand still and break off, behind the gateway and behind other proxies, all as real processes. Exits 1 when
/// something promised of the gateway does not hold.
/// </summary>
internal static class FaultsCommand
{
    private static readonly Option<string[]> ScenarioNames = new("--scenario") { Description = $"What happens; repeatable or separated by commas. Default: all of {string.Join(", ", FaultScenarios.Names)}." };
    private static readonly Option<string> FrontEnds = Default("--front-ends", "Proxies, separated by commas.", string.Join(',', FaultFrontEnd.All));
    private static readonly Option<bool> Short = new("--short") { Description = "Shorter and with fewer requests, for continuous integration." };
    private static readonly Option<int?> Repeats = new("--repeats") { Description = "kill: how often. Default: 5; short: 1." };
    private static readonly Option<double?> Down = new("--down") { Description = "kill, stop: seconds a server is dead or stopped. Default: 7; short: 4." };
    private static readonly Option<double?> Outage = new("--outage") { Description = "outage: seconds all are dead. Default: 5; short: 3." };
    private static readonly Option<int?> Requests = new("--requests") { Description = "flaky: requests of each row. Default: 10000; short: 1000." };
    private static readonly Option<int?> Streams = new("--streams") { Description = "cut, error-first: streams of each row. Default: 100; short: 50." };
    private static readonly Option<double?> Seconds = new("--seconds") { Description = "schedule: seconds it lasts. Default: 600; short: 60." };
    private static readonly Option<double?> Overload = new("--overload") { Description = "overload: seconds of it. Default: 30; short: 15." };
    private static readonly Option<double?> HalfDead = new("--half-dead") { Description = "half-dead: seconds of each fault. Default: 5; short: 3." };
    private static readonly Option<double?> Fair = new("--fair") { Description = "fair: seconds of each row. Default: 40; short: 20." };
    private static readonly Option<int> Seed = Default("--seed", "Fixes prompts and which requests are streams.", 1);
    private static readonly Option<string> Blaze = Default("--blaze", "The gateway's program.", Path.Combine(AppContext.BaseDirectory, "blaze.dll"));
    private static readonly Option<string?> Output = new("--output", "-o") { Description = "Write the rows as JSON to this file." };

    public static RootCommand Create()
    {
        var command = new RootCommand("Breaks the model servers behind several proxies and tells what clients see.")
        {
            ScenarioNames, FrontEnds, Short, Repeats, Down, Outage, Requests, Streams, Seconds, Overload, HalfDead, Fair, Seed, Blaze, Output,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        LoaderProcess.Prepare();
        try
        {
            return await BreakAsync(arguments, cancellation);
        }
        catch (ArgumentException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }
        catch (Exception failed) when (failed is InvalidOperationException or HttpRequestException or IOException)
        {
            await Console.Error.WriteLineAsync(failed.Message);
            return 1;
        }
    }

    private static async Task<int> BreakAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        string[] names = [.. (arguments.GetValue(ScenarioNames) ?? []).SelectMany(names => names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        var scenarios = FaultScenarios.Find(names.Length == 0 ? FaultScenarios.Names : names);
        var frontEnds = FaultFrontEnd.Parse(arguments.GetRequiredValue(FrontEnds), Console.Error);
        using var client = new HttpClient();
        var run = new FaultRun(arguments.GetRequiredValue(Blaze), DurationsOf(arguments), arguments.GetValue(Seed), client, time);
        await Console.Out.WriteLineAsync(FaultTable.Head);
        var rows = new List<FaultRow>();
        await foreach (var row in run.RunAsync(scenarios, frontEnds, cancellation))
        {
            rows.Add(row);
            await Console.Out.WriteLineAsync(FaultTable.Row(row, new FaultFrontEnd(row.FrontEnd).IsBlaze));
        }

        var promised = rows.Where(row => new FaultFrontEnd(row.FrontEnd).IsBlaze).ToArray();
        promised = [.. promised.Select(row => row with
        {
            Promises =
            [
                .. row.Promises,
                .. scenarios.First(scenario => scenario.Name == row.Scenario).PeerPromises.Select(promise => promise.Judge(row, rows)).OfType<FaultPromise>(),
            ],
        })];
        await Console.Out.WriteAsync(FaultTable.Promises(promised));
        var machine = Machine.Describe(time.GetUtcNow());
        await Console.Out.WriteLineAsync(string.Join("; ", machine.Select(fact => $"{fact.Key} {fact.Value}")));
        if (arguments.GetValue(Output) is { } file)
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { Machine = machine, Rows = rows }, LoadReport.Json) + "\n", cancellation);
        }

        return promised.All(row => row.Holds) ? 0 : 1;
    }

    private static FaultDurations DurationsOf(ParseResult arguments)
    {
        var usual = arguments.GetValue(Short) ? FaultDurations.Short : new FaultDurations();
        return usual with
        {
            Repeats = (int)Within("--repeats", arguments.GetValue(Repeats) ?? usual.Repeats, 1, 100),
            DownSeconds = Within("--down", arguments.GetValue(Down) ?? usual.DownSeconds, 1, 60),
            OutageSeconds = Within("--outage", arguments.GetValue(Outage) ?? usual.OutageSeconds, 1, 60),
            FlakyRequests = (int)Within("--requests", arguments.GetValue(Requests) ?? usual.FlakyRequests, 10, 1_000_000),
            Streams = (int)Within("--streams", arguments.GetValue(Streams) ?? usual.Streams, 1, 100_000),
            ScheduleSeconds = Within("--seconds", arguments.GetValue(Seconds) ?? usual.ScheduleSeconds, 20, 86_400),
            OverloadSeconds = Within("--overload", arguments.GetValue(Overload) ?? usual.OverloadSeconds, 5, 600),
            HalfDeadSeconds = Within("--half-dead", arguments.GetValue(HalfDead) ?? usual.HalfDeadSeconds, 1, 60),
            FairSeconds = Within("--fair", arguments.GetValue(Fair) ?? usual.FairSeconds, 15, 600),
        };
    }

    private static double Within(string option, double value, double least, double most) =>
        value >= least && value <= most ? value : throw new ArgumentException(FormattableString.Invariant($"{option} is {value}; it must be from {least} to {most}."));

    private static Option<T> Default<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
