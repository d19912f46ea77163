using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>Whether anybody goes by what the destinations of a cluster report. The one place that decides it: destinations are asked for nothing nobody reads.</summary>
internal static class ReportWish
{
    /// <summary>Name of the strategy that goes by reports.</summary>
    public const string LeastLoaded = "LeastLoaded";

    /// <summary>Name of the strategy that goes by everything there is.</summary>
    public const string Adaptive = "Adaptive";

    /// <summary>Whether the strategy of <paramref name="cluster"/> wants reports.</summary>
    public static bool Of(ClusterConfig cluster) =>
        string.Equals(cluster.LoadBalancingPolicy, LeastLoaded, StringComparison.OrdinalIgnoreCase)
        || string.Equals(cluster.LoadBalancingPolicy, Adaptive, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a server of this kind tells its load in a header of its answers when it is asked to.</summary>
    public static bool TellsInHeader(string kind) => kind is ModelServerKinds.Vllm or ModelServerKinds.TrtLlm;
}
