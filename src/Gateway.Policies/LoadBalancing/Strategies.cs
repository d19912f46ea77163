using BlazeGateway.Policies.Destinations.Reports;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>Names of the gateway's own strategies, as <c>LoadBalancingPolicy</c> of a cluster takes them.</summary>
public static class Strategies
{
    /// <summary>One after the other.</summary>
    public const string RoundRobin = "RoundRobin";

    /// <summary>The fewest requests in flight for its weight.</summary>
    public const string LeastConnections = "LeastConnections";

    /// <summary>Each as often as its weight says, spread evenly.</summary>
    public const string WeightedRoundRobin = "WeightedRoundRobin";

    /// <summary>The least time to the first byte, times what it has in flight, for its weight.</summary>
    public const string LeastResponseTime = "LeastResponseTime";

    /// <summary>Requests of one key on one destination, as long as it has no more than its part.</summary>
    public const string ConsistentHash = "ConsistentHash";

    /// <summary>Of two drawn by chance the one with less in flight for its weight.</summary>
    public const string PowerOfTwoChoices = "PowerOfTwoChoices";

    /// <summary>The least cost by what was learned of every answer; the default of the gateway.</summary>
    public const string Adaptive = ReportWish.Adaptive;

    /// <summary>The least load for its weight, as model servers report it of themselves.</summary>
    public const string LeastLoaded = ReportWish.LeastLoaded;

    /// <summary>YARP's name for what <see cref="LeastConnections"/> does; kept.</summary>
    public const string LeastRequests = "LeastRequests";

    /// <summary>The eight, in the order the documentation lists them, then <see cref="LeastRequests"/>.</summary>
    public static IReadOnlyList<string> All { get; } =
        [RoundRobin, WeightedRoundRobin, LeastConnections, PowerOfTwoChoices, LeastResponseTime, ConsistentHash, LeastLoaded, Adaptive, LeastRequests];
}
