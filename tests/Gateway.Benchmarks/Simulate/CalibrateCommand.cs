using System.CommandLine;
using System.Globalization;
using BlazeGateway.Bench;
using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Benchmarks.Simulate;

/// <summary><c>calibrate</c>: whether the simulation says what the real gateway does. Exits 0 when every figure is as near as it must be.</summary>
internal static class CalibrateCommand
{
    private const double MedianWithin = 0.05;
    private const double TailWithin = 0.15;
    private const double SharesWithin = 0.02;

    private static readonly Option<string> ScenarioName = Default("--scenario", "Entry of scenarios.json.", "H");
    private static readonly Option<double> Rate = Default("--rate", "Requests a second, 0.1 to 100.", 8.0);
    private static readonly Option<double> Seconds = Default("--seconds", "How long requests come, 10 to 3600.", 120.0);
    private static readonly Option<int> Seed = Default("--seed", "Fixes the requests.", 1);
    private static readonly Option<string> StrategyNames = Default("--strategies", "Strategies, separated by commas.", $"{Strategies.RoundRobin},{Strategies.LeastConnections},{Strategies.PowerOfTwoChoices}");
    private static readonly Option<string> Blaze = Default("--blaze", "The gateway's program.", Path.Combine(AppContext.BaseDirectory, "blaze.dll"));

    public static RootCommand Create()
    {
        var command = new RootCommand("Runs one workload through the real gateway and its simulation.") { ScenarioName, Rate, Seconds, Seed, StrategyNames, Blaze };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        LoaderProcess.Prepare();
        try
        {
            var scenario = Scenario.Read(arguments.GetRequiredValue(ScenarioName));
            var requests = scenario.Requests(Within(Rate, arguments.GetValue(Rate), 0.1, 100), Within(Seconds, arguments.GetValue(Seconds), 10, 3600), arguments.GetValue(Seed));
            var blaze = arguments.GetRequiredValue(Blaze);
            using var client = new HttpClient();
            await using var fleet = await RealFleet.StartAsync(scenario, blaze, client, TimeProvider.System, cancellation);
            var calibration = new Calibration(scenario, requests, blaze, TimeProvider.System);
            var isNear = true;
            Console.Out.WriteLine($"{scenario.What} {requests.Count} requests; time to the first token in seconds, each server's part in percent");
            foreach (var strategy in arguments.GetRequiredValue(StrategyNames).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                var (real, simulated) = await calibration.RunAsync(strategy, fleet, client, cancellation);
                isNear &= Report(strategy, real, simulated);
            }

            return isNear ? 0 : 1;
        }
        catch (ArgumentException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }
        catch (Exception failed) when (failed is InvalidOperationException or IOException or HttpRequestException or LoadRefusedException)
        {
            await Console.Error.WriteLineAsync(failed.Message);
            return 1;
        }
    }

    private static bool Report(string strategy, CalibrationSide real, CalibrationSide simulated)
    {
        var median = (simulated.P50 / real.P50) - 1;
        var tail = (simulated.P99 / real.P99) - 1;
        var shares = real.Shares.Zip(simulated.Shares, (one, other) => Math.Abs(one - other)).Max();
        Console.Out.WriteLine($"{strategy,-20} {"side",-10} {"p50",8} {"p99",8}  parts");
        Console.Out.WriteLine($"{"",-20} {"real",-10} {real}");
        Console.Out.WriteLine($"{"",-20} {"simulated",-10} {simulated}");
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{"",-20} p50 {100 * median:+0.0;-0.0} % ({Word(Math.Abs(median) <= MedianWithin)}), p99 {100 * tail:+0.0;-0.0} % ({Word(Math.Abs(tail) <= TailWithin)}; {simulated.Seeds.Least:0.000} to {simulated.Seeds.Most:0.000} by seed), parts within {100 * shares:0.0} points ({Word(shares <= SharesWithin)})"));
        return Math.Abs(median) <= MedianWithin && Math.Abs(tail) <= TailWithin && shares <= SharesWithin;
    }

    private static string Word(bool isNear) => isNear ? "near" : "TOO FAR";

    private static double Within(Option option, double value, double least, double most) =>
        value >= least && value <= most ? value : throw new ArgumentException(FormattableString.Invariant($"{option.Name} is {value}; it must be from {least} to {most}."));

    private static Option<T> Default<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
