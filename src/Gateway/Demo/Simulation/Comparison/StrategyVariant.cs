using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Policies;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Demo.Simulation.Comparison;

/// <summary>A strategy as it is compared: by its name, or told how quick the servers are by weights (<c>LeastConnections+weights</c>).</summary>
/// <param name="Strategy">Name of the strategy.</param>
/// <param name="HasWeights">Whether it gets weights.</param>
internal sealed record StrategyVariant(string Strategy, bool HasWeights)
{
    private const string Weighted = "+weights";

    /// <summary>Every strategy, and the two that are commonly run with weights.</summary>
    public static IReadOnlyList<StrategyVariant> All { get; } =
    [
        .. SimulatedGateway.Known.Where(name => name != Strategies.LeastRequests).Select(name => new StrategyVariant(name, false)),
        new(Strategies.LeastConnections, true),
        new(Strategies.WeightedRoundRobin, true),
    ];

    /// <summary>Name and whether it gets weights.</summary>
    public string Name => HasWeights ? Strategy + Weighted : Strategy;

    /// <summary>Whether it goes by one rule and is told nothing: what one that learns is measured against.</summary>
    public bool IsFixed => !HasWeights && Strategy != "Adaptive";

    /// <summary>Reads <c>all</c> or names separated by commas.</summary>
    /// <exception cref="ArgumentException">A name is not known.</exception>
    public static IReadOnlyList<StrategyVariant> Parse(string option, string text)
    {
        if (text.Equals("all", StringComparison.OrdinalIgnoreCase))
        {
            return All;
        }

        var names = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return names.Length == 0
            ? throw new ArgumentException($"{option} is '{text}'; it must be all, or names separated by commas, of {Choices()}.")
            : [.. names.Select(name => ParseOne(option, name)).Distinct()];
    }

    /// <summary>The cluster's extensions for it: weights in proportion to the speeds, when it gets any.</summary>
    public ClusterExtensions Tell(ClusterExtensions cluster, IReadOnlyList<ServerOptions> servers)
    {
        if (!HasWeights)
        {
            return cluster;
        }

        var most = servers.Max(server => server.Speed);
        var weights = servers.Select((server, i) => KeyValuePair.Create(SimulatedGateway.NameOf(i), Math.Max(1, (int)Math.Round(100 * server.Speed / most))));
        return cluster with { Weights = new Dictionary<string, int>(weights, StringComparer.OrdinalIgnoreCase) };
    }

    private static StrategyVariant ParseOne(string option, string name)
    {
        var isWeighted = name.EndsWith(Weighted, StringComparison.OrdinalIgnoreCase);
        var plain = isWeighted ? name[..^Weighted.Length] : name;
        return SimulatedGateway.Known.FirstOrDefault(known => known.Equals(plain, StringComparison.OrdinalIgnoreCase)) is { } strategy
            ? new StrategyVariant(strategy, isWeighted)
            : throw new ArgumentException($"{option} names '{name}'; it must be all, or names separated by commas, of {Choices()}.");
    }

    private static string Choices() => string.Join(", ", SimulatedGateway.Known) + $", each with or without {Weighted}";
}
