using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>Configurations drawn by chance. Time limits are longer than what a well server takes, and end every request within a minute.</summary>
internal static class SimulatedSetups
{
    /// <summary>A configuration.</summary>
    public static SimulatedSetup Draw(Random random) => new(Cluster(random), Route(random), Strategies.All[random.Next(Strategies.All.Count)], SimulatedSetup.Several(random.Next(1, 6)));

    /// <summary>The configuration with one thing changed.</summary>
    public static SimulatedSetup Change(SimulatedSetup setup, Random random)
    {
        var hosts = new SortedDictionary<string, string>(setup.Hosts, setup.Hosts.Comparer);
        var id = hosts.Keys.ElementAt(random.Next(hosts.Count));
        switch (random.Next(5))
        {
            case 0 when hosts.Count < 7:
                hosts.Add($"n{random.Next(1_000_000)}", $"h{random.Next(1_000_000)}");
                break;
            case 1 when hosts.Count > 1:
                hosts.Remove(id);
                break;
            case 2:
                hosts[id] = $"h{random.Next(1_000_000)}";
                break;
            case 3:
                return setup with { Cluster = setup.Cluster with { Weights = Weights(random), Capacity = Capacity(random, 5) } };
            default:
                return setup with { Route = Route(random) };
        }

        return setup with { Hosts = hosts };
    }

    /// <summary>The configuration without anything that keeps a destination from being picked.</summary>
    public static SimulatedSetup Open(SimulatedSetup setup) => setup with
    {
        Cluster = setup.Cluster with { Weights = [], Capacity = [], TokenCapacity = [], Admission = new AdmissionOptions { QueueLimit = 0 } },
        Route = setup.Route with { Limits = new LimitsOptions() },
    };

    private static ClusterExtensions Cluster(Random random) => new()
    {
        ModelServer = random.Next(2) == 0 ? new ModelServerOptions { Kind = "vllm" } : null,
        Health = new HealthOptions { Eject = random.Next(10) > 0, SlowStart = random.Next(3) == 0 ? random.Next(2) == 0 : null, SlowStartWindow = TimeSpan.FromSeconds(random.Next(5, 31)) },
        CircuitBreaker = new CircuitBreakerOptions
        {
            Enabled = random.Next(5) > 0,
            MinimumThroughput = random.Next(2, 20),
            FailureRatio = 0.1 + (0.7 * random.NextDouble()),
            BreakDuration = random.Next(2) == 0 ? null : TimeSpan.FromSeconds(random.Next(1, 20)),
        },
        RetryBudget = new RetryBudgetOptions { Ratio = random.Next(4) * 0.1, PerSecond = random.Next(4) switch { 0 => 0, 1 => 0.2, 2 => 1, _ => 3 } },
        Weights = random.Next(3) == 0 ? Weights(random) : [],
        Capacity = Capacity(random, 3),
        TokenCapacity = random.Next(5) == 0 ? new(StringComparer.OrdinalIgnoreCase) { ["*"] = random.Next(20, 200) } : [],

        // Who waits goes on on another thread, which virtual time has none of.
        Admission = new AdmissionOptions { QueueLimit = 0, MaxInFlight = random.Next(5) == 0 ? random.Next(2, 9) : null },
    };

    private static RouteExtensions Route(Random random) => new()
    {
        Inference = true,
        Timeouts = new TimeoutOptions { FirstByte = TimeSpan.FromSeconds(random.Next(2, 20)), BetweenChunks = TimeSpan.FromSeconds(random.Next(2) == 0 ? random.Next(1, 6) : 30), Total = TimeSpan.FromSeconds(random.Next(20, 60)) },
        Retry = new RetryOptions { MaxAttempts = random.Next(1, 6), AfterSend = random.Next(3) == 0 ? random.Next(2) == 0 : null },
        Continuation = new ContinuationOptions { Enabled = random.Next(3) == 0 },
        Limits = new LimitsOptions
        {
            PerClient = new LimitOptions { Concurrent = random.Next(4) == 0 ? random.Next(1, 5) : null },
            PerEndpoint = new LimitOptions { Concurrent = random.Next(5) == 0 ? random.Next(2, 9) : null },
        },
    };

    private static Dictionary<string, int> Weights(Random random) =>
        new(StringComparer.OrdinalIgnoreCase) { ["d0"] = random.Next(1, 4), ["d1"] = random.Next(0, 4), ["d2"] = random.Next(0, 4), ["d3"] = random.Next(0, 4) };

    private static Dictionary<string, int> Capacity(Random random, int odds) =>
        random.Next(odds) == 0 ? new(StringComparer.OrdinalIgnoreCase) { ["*"] = random.Next(1, 5) } : [];
}
