using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Pipeline.Connections;
using BlazeGateway.Policies.Resilience;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>A cluster, and its configuration at one time.</summary>
/// <param name="State">The cluster.</param>
/// <param name="Model">What is compiled.</param>
internal readonly record struct ClusterParts(ClusterState State, ClusterModel Model);

/// <summary>What a cluster asks of the pipeline, compiled once from its configuration. Immutable.</summary>
internal sealed class ClusterPlan
{
    /// <summary>Limit to the first byte of an inference request that none was set for.</summary>
    public static readonly TimeSpan DefaultFirstByte = TimeSpan.FromMinutes(5);

    /// <summary>Limit between chunks of an inference request that none was set for.</summary>
    public static readonly TimeSpan DefaultBetweenChunks = TimeSpan.FromMinutes(1);

    public ClusterPlan(
        ClusterParts parts, ILoadBalancingPolicy policy, IPassiveHealthCheckPolicy? passive, RequestMetrics metrics, Admissions admissions, TimeProvider time)
    {
        var cluster = parts.Model;
        ClusterId = cluster.Config.ClusterId;
        Options = ExtensionsCarrier.Read(cluster.Config);
        Policy = policy;
        Passive = passive;
        (WantsPrefix, WantsOpening) = policy is Strategy strategy ? (strategy.WantsPrefix(Options), strategy.WantsOpening(Options)) : default;
        Connections = cluster.HttpClient as ClusterConnections
            ?? throw new InvalidOperationException($"Cluster '{ClusterId}': its connections were not made by {nameof(ClusterConnectionsFactory)}.");
        Shape = new DestinationRequest(Options);
        ReadsLoad = ReportWish.Of(cluster.Config);
        AsksLoad = ReadsLoad && ReportWish.TellsInHeader(Options.ModelServer?.Kind ?? "");
        Metrics = metrics.Cluster(ClusterId, Options.ModelServer?.Kind ?? ModelServerKinds.Generic);
        var kept = admissions.Of(parts.State);
        Retries = kept.Retries.Budget(Options.RetryBudget);
        Poison = kept.Retries.Poison;
        HasBounds = policy is Strategy && (Options.Capacity.Count + Options.TokenCapacity.Count > 0 || Options.Admission.Adaptive);
        Admission = AdmitStep.Compile(this, cluster, kept, admissions, time);
        FirstByteTicks = RoutePlan.Ticks(Options.Timeouts.FirstByte ?? DefaultFirstByte, time)!.Value;
        BetweenChunksTicks = RoutePlan.Ticks(Options.Timeouts.BetweenChunks ?? DefaultBetweenChunks, time)!.Value;

        // Our own limits tell waiting from standing still, which one idle limit cannot.
        Inference = (cluster.Config.HttpRequest ?? ForwarderRequestConfig.Empty) with { ActivityTimeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Cluster id.</summary>
    public string ClusterId { get; }

    /// <summary>The cluster's Extensions.</summary>
    public ClusterExtensions Options { get; }

    /// <summary>Picks a destination.</summary>
    public ILoadBalancingPolicy Policy { get; }

    /// <summary>Whether picks go by the beginnings of prompts.</summary>
    public bool WantsPrefix { get; }

    /// <summary>Whether picks go by what conversations begin with.</summary>
    public bool WantsOpening { get; }

    /// <summary>YARP's passive health policy, null when the cluster has none.</summary>
    public IPassiveHealthCheckPolicy? Passive { get; }

    /// <summary>Connections to the destinations.</summary>
    public ClusterConnections Connections { get; }

    /// <summary>What requests to these destinations must look like.</summary>
    public DestinationRequest Shape { get; }

    /// <summary>Whether the load told with an answer is read.</summary>
    public bool ReadsLoad { get; }

    /// <summary>Whether inference requests ask for it.</summary>
    public bool AsksLoad { get; }

    /// <summary>Metrics by model.</summary>
    public ClusterMetrics Metrics { get; }

    /// <summary>Attempts beyond the first that may be made.</summary>
    public RetryBudget Retries { get; }

    /// <summary>Requests that make destinations fail.</summary>
    public PoisonList Poison { get; }

    /// <summary>Whether what is in flight on a destination is bounded, and picks go by it.</summary>
    public bool HasBounds { get; }

    /// <summary>Bounds what is in flight and has the rest wait; null when nothing is bounded.</summary>
    public AdmitStep? Admission { get; }

    /// <summary>Limit to the first byte, ticks.</summary>
    public long FirstByteTicks { get; }

    /// <summary>Limit between chunks, ticks.</summary>
    public long BetweenChunksTicks { get; }

    /// <summary>How inference requests are forwarded.</summary>
    public ForwarderRequestConfig Inference { get; }
}
