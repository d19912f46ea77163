using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Yarp.ReverseProxy.LoadBalancing;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>Adds the strategies.</summary>
internal static class StrategyRegistration
{
    private static readonly string[] Replaced = [Strategies.RoundRobin, Strategies.LeastRequests, Strategies.PowerOfTwoChoices];

    /// <summary>
    /// Puts the gateway's strategies in the place of YARP's policies of the same names. YARP takes each name once and throws at a second one, so what it is
    /// given is put together when it asks: the application's own policies, ours, the rest of YARP's, each name once. What is registered before and what after makes
    /// no difference.
    /// </summary>
    public static IServiceCollection AddStrategies(this IServiceCollection services)
    {
        services.TryAddSingleton<IEnumerable<ILoadBalancingPolicy>>(provider =>
        {
            var registered = services.Where(static service => service.ServiceType == typeof(ILoadBalancingPolicy) && !service.IsKeyedService).ToList();
            return
            [
                .. registered.Where(static policy => !IsYarps(policy)).Select(policy => Create(policy, provider))
                    .Concat(All(provider.GetRequiredService<AvailabilityRegistry>()))
                    .Concat(registered.Where(static policy => IsYarps(policy) && !IsReplaced(policy)).Select(policy => Create(policy, provider)))
                    .DistinctBy(static policy => policy.Name, StringComparer.OrdinalIgnoreCase),
            ];
        });
        return services;
    }

    /// <summary>Every strategy.</summary>
    internal static IEnumerable<Strategy> All(AvailabilityRegistry availability) =>
    [
        new RoundRobinStrategy(availability),
        new WeightedRoundRobinStrategy(availability),
        new LeastConnectionsStrategy(Strategies.LeastConnections, availability),
        new LeastConnectionsStrategy(Strategies.LeastRequests, availability),
        new PowerOfTwoChoicesStrategy(availability),
        new LeastResponseTimeStrategy(availability),
        new LeastLoadedStrategy(availability),
        new ConsistentHashStrategy(availability),
        new AdaptiveStrategy(availability, Arms(availability)),
    ];

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

    private static ILoadBalancingPolicy Create(ServiceDescriptor policy, IServiceProvider provider) => (ILoadBalancingPolicy)(
        policy.ImplementationInstance ?? policy.ImplementationFactory?.Invoke(provider) ?? ActivatorUtilities.CreateInstance(provider, policy.ImplementationType!));

    private static bool IsYarps(ServiceDescriptor policy) => policy.ImplementationType?.Assembly == typeof(ILoadBalancingPolicy).Assembly;

    // YARP's policies are internal; their types are named like the policy.
    private static bool IsReplaced(ServiceDescriptor policy) => Replaced.Any(name => policy.ImplementationType!.Name == name + "LoadBalancingPolicy");
}
