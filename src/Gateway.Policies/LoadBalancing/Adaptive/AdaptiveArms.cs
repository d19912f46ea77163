namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>The ways to pick that <c>Adaptive</c> chooses among: the cost model, and the seven other strategies in this order.</summary>
internal static class AdaptiveArms
{
    /// <summary>How many there are.</summary>
    public const int Count = 8;

    /// <summary>The least cost the model predicts.</summary>
    public const int Model = 0;

    /// <summary>Power of two, for a cold start and for requests held out.</summary>
    public const int PowerOfTwo = 1;

    /// <summary>Requests of one key together.</summary>
    public const int ConsistentHash = 4;

    /// <summary>Names by index.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "Model", Strategies.PowerOfTwoChoices, Strategies.LeastConnections, Strategies.LeastResponseTime, Strategies.ConsistentHash, Strategies.WeightedRoundRobin,
        Strategies.RoundRobin, Strategies.LeastLoaded,
    ];
}
