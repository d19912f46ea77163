using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.LoadBalancing;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Plans by the model they were compiled from. YARP makes a new model when a configuration changes, so a new plan comes with it and
/// the old one goes when its last request does. Looking one up takes no lock.
/// </summary>
internal sealed class PlanCache
{
    /// <summary>Policy of a cluster that names none.</summary>
    public static readonly string DefaultPolicy = Strategies.PowerOfTwoChoices;

    private readonly ConditionalWeakTable<RouteModel, RoutePlan> _routes = [];
    private readonly ConditionalWeakTable<ClusterModel, ClusterPlan> _clusters = [];
    private readonly FrozenDictionary<string, ILoadBalancingPolicy> _policies;
    private readonly FrozenDictionary<string, IPassiveHealthCheckPolicy> _passive;
    private readonly RequestMetrics _metrics;
    private readonly ClientDirectory _clients;
    private readonly Admissions _admissions;
    private readonly TimeProvider _time;

    public PlanCache(
        IEnumerable<ILoadBalancingPolicy> policies,
        IEnumerable<IPassiveHealthCheckPolicy> passive,
        RequestMetrics metrics,
        ClientDirectory clients,
        Admissions admissions,
        TimeProvider time)
    {
        _policies = policies.ToFrozenDictionary(policy => policy.Name, StringComparer.OrdinalIgnoreCase);
        _passive = passive.ToFrozenDictionary(policy => policy.Name, StringComparer.OrdinalIgnoreCase);
        _metrics = metrics;
        _clients = clients;
        _admissions = admissions;
        admissions.Compile = For;
        metrics.WatchQueues(admissions);
        _time = time;
    }

    /// <summary>The plan of a route.</summary>
    public RoutePlan For(RouteModel route) =>
        _routes.TryGetValue(route, out var plan) ? plan : _routes.GetValue(route, model => new RoutePlan(model, _metrics, _clients, _admissions.Permits, _time));

    /// <summary>The plan of a cluster as it is configured now.</summary>
    public ClusterPlan For(ClusterState cluster)
    {
        var model = cluster.Model;
        return _clusters.TryGetValue(model, out var plan) ? plan : Compile(cluster, model);
    }

    private ClusterPlan Compile(ClusterState cluster, ClusterModel model) => _clusters.GetValue(model, _ => Make(cluster, model));

    private ClusterPlan Make(ClusterState cluster, ClusterModel model)
    {
        var health = model.Config.HealthCheck?.Passive;
        var passive = health?.Enabled == true ? _passive[health.Policy ?? HealthCheckConstants.PassivePolicy.TransportFailureRate] : null;
        return new ClusterPlan(new ClusterParts(cluster, model), _policies[model.Config.LoadBalancingPolicy ?? DefaultPolicy], passive, _metrics, _admissions, _time);
    }
}
