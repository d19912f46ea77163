using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.LoadBalancing;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>Adds the strategies.</summary>
internal static class StrategyRegistration
{
    private static readonly string[] Replaced = [Strategies.RoundRobin, Strategies.LeastRequests, Strategies.PowerOfTwoChoices];

    /// <summary>Puts the gateway's strategies in the place of YARP's policies of the same names; YARP takes each name once.</summary>
    public static IServiceCollection AddStrategies(this IServiceCollection services)
    {
        foreach (var policy in services.Where(IsReplaced).ToList())
        {
            services.Remove(policy);
        }

        Add(static availability => new RoundRobinStrategy(availability));
        Add(static availability => new WeightedRoundRobinStrategy(availability));
        Add(static availability => new LeastConnectionsStrategy(Strategies.LeastConnections, availability));
        Add(static availability => new LeastConnectionsStrategy(Strategies.LeastRequests, availability));
        Add(static availability => new PowerOfTwoChoicesStrategy(availability));
        Add(static availability => new LeastResponseTimeStrategy(availability));
        Add(static availability => new LeastLoadedStrategy(availability));
        Add(static availability => new ConsistentHashStrategy(availability));
        Add(static availability => new AdaptiveStrategy(availability, Arms(availability)));
        return services;

        void Add(Func<AvailabilityRegistry, Strategy> make) =>
            services.AddSingleton<ILoadBalancingPolicy>(provider => make(provider.GetRequiredService<AvailabilityRegistry>()));
    }

    /// <summary>The strategies that <c>Adaptive</c> tries, in the order of <see cref="AdaptiveArms.Names"/>.</summary>
    internal static IReadOnlyList<Strategy> Arms(AvailabilityRegistry availability) =>
    [
        new PowerOfTwoChoicesStrategy(availability),
        new LeastConnectionsStrategy(Strategies.LeastConnections, availability),
        new LeastResponseTimeStrategy(availability),
        new ConsistentHashStrategy(availability),
        new WeightedRoundRobinStrategy(availability),
        new RoundRobinStrategy(availability),
        new LeastLoadedStrategy(availability),
    ];

    // YARP's policies are internal; their types are named like the policy.
    private static bool IsReplaced(ServiceDescriptor service) =>
        service.ServiceType == typeof(ILoadBalancingPolicy)
        && service.ImplementationType is { } type && type.Assembly == typeof(ILoadBalancingPolicy).Assembly
        && Replaced.Any(name => type.Name == name + "LoadBalancingPolicy");
}
