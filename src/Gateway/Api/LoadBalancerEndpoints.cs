using BlazeGateway.Api.Access;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Api;

/// <summary>Every destination's state and why; taking one out, by a drain or isolated, and putting it back.</summary>
internal sealed class LoadBalancerEndpoints(AdminPorts ports, IProxyStateLookup proxy)
{
    /// <summary>Path of the report.</summary>
    public const string Path = "/api/v1/performance/loadbalancer";

    private const string Destination = Path + "/clusters/{cluster}/destinations/{destination}";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRead(Path, WriteAsync).RequireRole(AdminRole.Viewer);
        new DecisionEndpoints(ports, proxy).Map(endpoints);
        MapAction(endpoints, "drain", (cluster, destination) => ports.SetDraining(cluster, destination, true));
        MapAction(endpoints, "resume", (cluster, destination) => ports.SetDraining(cluster, destination, false));
        MapAction(endpoints, "isolate", ports.Isolate);
        MapAction(endpoints, "reset", ports.Reset);
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

    private void MapAction(IEndpointRouteBuilder endpoints, string word, Func<ClusterState, string, bool> act) =>
        endpoints.MapAction($"{Destination}/{word}", new AdminAction(word, "destination"), context => ActAsync(context, act)).RequireRole(AdminRole.Operator);

    private Task ActAsync(HttpContext context, Func<ClusterState, string, bool> act)
    {
        var id = (string)context.Request.RouteValues["cluster"]!;
        var destination = (string)context.Request.RouteValues["destination"]!;
        if (!proxy.TryGetCluster(id, out var cluster))
        {
            var known = proxy.GetClusters().Select(known => known.ClusterId);
            return AdminProblem.WriteAsync(context, AdminError.ClusterNotFound, $"There is no cluster '{AdminProblem.Shown(id)}'; name one of: {AdminProblem.List(known)}.");
        }

        return act(cluster, destination)
            ? AdminAnswers.JsonAsync(context, Report(cluster, destination), LoadBalancerJson.Default.DestinationReport)
            : AdminProblem.WriteAsync(
                context,
                AdminError.DestinationNotFound,
                $"Cluster '{cluster.ClusterId}' has no destination '{AdminProblem.Shown(destination)}'; name one of: {AdminProblem.List(cluster.Destinations.Keys)}.");
    }

    private DestinationReport Report(ClusterState cluster, string destination) =>
        ports.Destinations(cluster).First(report => string.Equals(report.Destination, destination, StringComparison.OrdinalIgnoreCase));
}
