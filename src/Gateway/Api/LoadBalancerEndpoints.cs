using BlazeGateway.Api.Access;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Api;

/// <summary>Every destination's state and why; taking one out and putting it back.</summary>
internal sealed class LoadBalancerEndpoints(AdminPorts ports, IProxyStateLookup proxy)
{
    /// <summary>Path of the report.</summary>
    public const string Path = "/api/v1/performance/loadbalancer";

    private const string Destination = Path + "/clusters/{cluster}/destinations/{destination}";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRead(Path, WriteAsync).RequireRole(AdminRole.Viewer);
        new DecisionEndpoints(ports, proxy).Map(endpoints);
        endpoints.MapAction(Destination + "/drain", new AdminAction("drain", "destination"), context => SetAsync(context, draining: true)).RequireRole(AdminRole.Operator);
        endpoints.MapAction(Destination + "/resume", new AdminAction("resume", "destination"), context => SetAsync(context, draining: false)).RequireRole(AdminRole.Operator);
    }

    private Task WriteAsync(HttpContext context)
    {
        var clusters = proxy.GetClusters().OrderBy(cluster => cluster.ClusterId, StringComparer.Ordinal);
        var report = new LoadBalancerReport([.. clusters.Select(cluster => new ClusterReport(
            cluster.ClusterId,
            cluster.Model.Config.LoadBalancingPolicy ?? PlanCache.DefaultPolicy,
            cluster.DestinationsState.AvailableDestinations.Count,
            ports.Destinations(cluster))
        {
            Adaptive = ports.Adaptive(cluster),
            Queue = ports.Queue(cluster),
        })]);
        return AdminAnswers.JsonAsync(context, report, LoadBalancerJson.Default.LoadBalancerReport);
    }

    private Task SetAsync(HttpContext context, bool draining)
    {
        var id = (string)context.Request.RouteValues["cluster"]!;
        var destination = (string)context.Request.RouteValues["destination"]!;
        if (!proxy.TryGetCluster(id, out var cluster))
        {
            var known = proxy.GetClusters().Select(known => known.ClusterId);
            return AdminProblem.WriteAsync(context, AdminError.ClusterNotFound, $"There is no cluster '{AdminProblem.Shown(id)}'; name one of: {AdminProblem.List(known)}.");
        }

        return ports.SetDraining(cluster, destination, draining)
            ? AdminAnswers.JsonAsync(context, Report(cluster, destination), LoadBalancerJson.Default.DestinationReport)
            : AdminProblem.WriteAsync(
                context,
                AdminError.DestinationNotFound,
                $"Cluster '{cluster.ClusterId}' has no destination '{AdminProblem.Shown(destination)}'; name one of: {AdminProblem.List(cluster.Destinations.Keys)}.");
    }

    private DestinationReport Report(ClusterState cluster, string destination) =>
        ports.Destinations(cluster).First(report => string.Equals(report.Destination, destination, StringComparison.OrdinalIgnoreCase));
}
