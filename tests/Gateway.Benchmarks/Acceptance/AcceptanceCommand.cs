using System.CommandLine;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary><c>acceptance</c>: what is promised of <c>Adaptive</c>, by simulation. Prints what came out beside each promise; exits 1 when one does not hold.</summary>
internal static class AcceptanceCommand
{
    private static readonly IReadOnlyDictionary<string, Action<AcceptanceRuns, AcceptanceReport>> Parts = new OrderedDictionary<string, Action<AcceptanceRuns, AcceptanceReport>>(StringComparer.OrdinalIgnoreCase)
    {
        ["ratios"] = RatioPart.Regimes,
        ["floor"] = FloorPart.Run,
        ["exploration"] = ExplorationPart.Run,
        ["adaptation"] = AdaptationPart.Run,
        ["shuffled"] = ShuffledPart.Run,
        ["regret"] = RegretPart.Run,
        ["misspecified"] = RatioPart.Misspecified,
        ["gateways"] = GatewaysPart.Run,
        ["sizes"] = SizesPart.Run,
    };

    private static readonly Option<string> Names = new("--parts")
    {
        Description = $"Parts to run, separated by commas, of {string.Join(", ", Parts.Keys)}; or all.",
        DefaultValueFactory = _ => "all",
    };

    private static readonly Option<int> Seeds = new("--seeds") { Description = "Seeds 1 to this many.", DefaultValueFactory = _ => 5 };
    private static readonly Option<int> Gateways = new("--gateways") { Description = "Gateways in front of the servers in the part of that name.", DefaultValueFactory = _ => 4 };

    public static RootCommand Create()
    {
        var command = new RootCommand("Compares what is promised of Adaptive with what it does, by simulation.") { Names, Seeds, Gateways };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult arguments)
    {
        try
        {
            var runs = new AcceptanceRuns(Within(Seeds, arguments.GetValue(Seeds), 1000), Within(Gateways, arguments.GetValue(Gateways), 64));
            var report = new AcceptanceReport(Console.Out);
            foreach (var part in Chosen(arguments.GetRequiredValue(Names)))
            {
                part(runs, report);
            }

            report.Line($"{report.Held} of {report.Held + report.Broken} promises hold (simulated, {runs.Seeds.Count} seeds)");
            return report.Broken == 0 ? 0 : 1;
        }
        catch (ArgumentException error)
        {
            Console.Error.WriteLine(error.Message);
            return 2;
        }
    }

    private static Action<AcceptanceRuns, AcceptanceReport>[] Chosen(string names) => names.Equals("all", StringComparison.OrdinalIgnoreCase)
        ? [.. Parts.Values]
        : [.. names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(name => Parts.TryGetValue(name, out var part)
            ? part
            : throw new ArgumentException($"{Names.Name} names '{name}'; it must be all, or names separated by commas, of {string.Join(", ", Parts.Keys)}."))];

    private static int Within(Option option, int value, int most) =>
        value >= 1 && value <= most ? value : throw new ArgumentException($"{option.Name} is {value}; it must be from 1 to {most}.");
}
