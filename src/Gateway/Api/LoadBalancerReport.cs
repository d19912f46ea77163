using System.Text.Json;
using System.Text.Json.Serialization;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Api;

/// <summary>The answer of <c>/api/v1/performance/loadbalancer</c>.</summary>
/// <param name="Clusters">Every cluster, by id.</param>
internal sealed record LoadBalancerReport(IReadOnlyList<ClusterReport> Clusters);

/// <summary>One cluster.</summary>
/// <param name="Cluster">Cluster id.</param>
/// <param name="Strategy">Name of the load-balancing policy.</param>
/// <param name="Available">Destinations that may be picked now.</param>
/// <param name="Destinations">Every destination, by id.</param>
internal sealed record ClusterReport(string Cluster, string Strategy, int Available, IReadOnlyList<DestinationReport> Destinations)
{
    /// <summary>What <c>Adaptive</c> learned of the cluster; null when it has not been used there.</summary>
    public AdaptiveReport? Adaptive { get; init; }

    /// <summary>How much waits; null when the cluster bounds nothing.</summary>
    public QueueReport? Queue { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(LoadBalancerReport))]
[JsonSerializable(typeof(ClusterReport))]
[JsonSerializable(typeof(DestinationReport))]
internal sealed partial class LoadBalancerJson : JsonSerializerContext;
