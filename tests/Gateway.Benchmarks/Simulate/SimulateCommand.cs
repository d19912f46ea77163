using System.CommandLine;
using System.Globalization;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;

namespace BlazeGateway.Benchmarks.Simulate;

/// <summary><c>simulate</c>: strategies in the regimes that were written down, or the highest rate each holds in a scenario.</summary>
internal static class SimulateCommand
{
    private static readonly Option<string> Regimes = Default("--regimes", "Regimes to run, separated by commas; all stands for those that may be tuned by.", "all");
    private static readonly Option<string?> Scenario = new("--scenario") { Description = "Run this entry of scenarios.json instead." };
    private static readonly Option<string> Strategies = Default("--strategies", "Strategies, separated by commas, with +weights for correct weights; or all.", "all");
    private static readonly Option<int> Seeds = Default("--seeds", "Seeds 1 to this many.", 5);
    private static readonly Option<int> Gateways = Default("--gateways", "Gateways in front of the servers.", 1);
    private static readonly Option<double?> Rate = new("--rate") { Description = "Requests (conversations, where there are some) a second. Default: what is written down." };
    private static readonly Option<bool> Goodput = new("--goodput") { Description = "Find the highest rate at which 95 % of all requests have their first token within 1 s." };
    private static readonly Option<bool> Shares = new("--shares") { Description = "Print each server's part of the requests too." };

    public static RootCommand Create()
    {
        var command = new RootCommand("Compares strategies by simulation.") { Regimes, Scenario, Strategies, Seeds, Gateways, Rate, Goodput, Shares };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult arguments)
    {
        try
        {
            var variants = StrategyVariant.Parse(Strategies.Name, arguments.GetRequiredValue(Strategies));
            var seeds = Enumerable.Range(1, Within(Seeds, arguments.GetValue(Seeds), 1000)).ToArray();
            var gateways = Within(Gateways, arguments.GetValue(Gateways), 64);
            foreach (var (name, written) in Chosen(arguments))
            {
                var regime = WithRate(written, arguments.GetValue(Rate));
                if (arguments.GetValue(Goodput))
                {
                    Search(name, regime, variants, seeds, gateways);
                }
                else
                {
                    Compare(name, regime, variants, seeds, gateways, arguments.GetValue(Shares));
                }
            }

            return 0;
        }
        catch (ArgumentException error)
        {
            Console.Error.WriteLine(error.Message);
            return 2;
        }
    }

    private static void Compare(string name, Regime regime, IReadOnlyList<StrategyVariant> variants, int[] seeds, int gateways, bool withShares)
    {
        var workloads = Array.ConvertAll(seeds, regime.Requests);
        var rows = variants.Select(variant => ComparisonRow.Of(variant, [.. seeds.Select((seed, i) => FleetSimulation.Run(regime.Options(variant, seed, gateways), workloads[i]))])).ToArray();
        Console.Out.WriteLine(ComparisonTable.Write($"{name}: {regime.What} {seeds.Length} seeds, {workloads.Average(requests => requests.Count):0} requests each", rows));
        foreach (var row in withShares ? rows : [])
        {
            Console.Out.WriteLine($"{row.Name,-28} {string.Join(' ', row.Shares.Select(share => share.ToString("0.000", CultureInfo.InvariantCulture)))}");
        }
    }

    private static void Search(string name, Regime regime, IReadOnlyList<StrategyVariant> variants, int[] seeds, int gateways)
    {
        Console.Out.WriteLine($"{name}: {regime.What} Requests a second at which 95 % have their first token within 1 s (simulated, {seeds.Length} seeds)");
        Console.Out.WriteLine($"{"strategy",-28} {"mean",8} {"least",8} {"most",8}");
        foreach (var variant in variants)
        {
            var found = Array.ConvertAll(seeds, seed => GoodputSearch.Find(regime, variant, seed, gateways));
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{variant.Name,-28} {found.Average(),8:0.0} {found.Min(),8:0.0} {found.Max(),8:0.0}"));
        }
    }

    private static IEnumerable<KeyValuePair<string, Regime>> Chosen(ParseResult arguments)
    {
        var all = RegimeFile.Read();
        if (arguments.GetValue(Scenario) is { } scenario)
        {
            return [Named(Scenario.Name, scenario, all)];
        }

        var names = arguments.GetRequiredValue(Regimes);
        return names.Equals("all", StringComparison.OrdinalIgnoreCase)
            ? all.Where(entry => entry.Key.StartsWith('R') && !entry.Value.NeverForTuning)
            : names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(name => Named(Regimes.Name, name, all)).ToArray();
    }

    private static KeyValuePair<string, Regime> Named(string option, string name, IReadOnlyDictionary<string, Regime> all) => all.TryGetValue(name, out var regime)
        ? KeyValuePair.Create(name, regime)
        : throw new ArgumentException($"{option} names '{name}'; it must be one of {string.Join(", ", all.Keys)}.");

    private static Regime WithRate(Regime regime, double? rate) => rate is not { } asked ? regime
        : asked is > 0 and <= 1e6 ? regime with { Workload = regime.Workload with { Rate = asked } }
        : throw new ArgumentException(FormattableString.Invariant($"{Rate.Name} is {asked}; it must be above 0 and at most 1000000."));

    private static int Within(Option option, int value, int most) =>
        value >= 1 && value <= most ? value : throw new ArgumentException($"{option.Name} is {value}; it must be from 1 to {most}.");

    private static Option<T> Default<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
