using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>Every strategy by its name.</summary>
internal static class StrategyList
{
    public static IReadOnlyList<string> Names { get; } =
    [
        Strategies.RoundRobin, Strategies.WeightedRoundRobin, Strategies.LeastConnections, Strategies.PowerOfTwoChoices, Strategies.LeastResponseTime, Strategies.LeastLoaded,
        Strategies.ConsistentHash, Strategies.Adaptive,
    ];

    public static Strategy Create(string name, AvailabilityRegistry availability) => name switch
    {
        Strategies.RoundRobin => new RoundRobinStrategy(availability),
        Strategies.WeightedRoundRobin => new WeightedRoundRobinStrategy(availability),
        Strategies.LeastConnections => new LeastConnectionsStrategy(name, availability),
        Strategies.PowerOfTwoChoices => new PowerOfTwoChoicesStrategy(availability),
        Strategies.LeastResponseTime => new LeastResponseTimeStrategy(availability),
        Strategies.Adaptive => new AdaptiveStrategy(availability, StrategyRegistration.Arms(availability)),
        Strategies.LeastLoaded => new LeastLoadedStrategy(availability),
        _ => new ConsistentHashStrategy(availability),
    };
}
