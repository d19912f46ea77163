using BlazeGateway.Policies;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Queues, places for critical requests and circuits that were set up and never come into play.</summary>
internal sealed class AdmissionCheck(ConfigurationNode root, RoutesSnapshot snapshot, ConfigurationErrors errors)
{
    private static readonly string[] QueueKeys = [nameof(AdmissionOptions.QueueLimit), nameof(AdmissionOptions.QueueTimeout), nameof(AdmissionOptions.QueueBytes)];
    private static readonly KeyPath ClientKeys = KeyPath.Of("Clients", nameof(ClientsOptions.Keys));

    public void Check()
    {
        foreach (var cluster in snapshot.Clusters)
        {
            var extensions = ExtensionsCarrier.Read(cluster);
            var path = RoutesReader.ClustersPath.Then(cluster.ClusterId).Then("Extensions");
            var admission = path.Then(nameof(ClusterExtensions.Admission));
            if (!HasQueue(cluster, extensions))
            {
                WarnOfQueue(cluster, admission);
            }
            else if (extensions.Admission is { QueueLimit: > 0, QueueTimeout: { } wait })
            {
                CheckWait(cluster.ClusterId, wait, admission.Then(nameof(AdmissionOptions.QueueTimeout)));
            }

            if (extensions.Admission.CriticalReserve > 0 && WhyNothingIsKept(cluster, extensions) is { } why)
            {
                var at = admission.Then(nameof(AdmissionOptions.CriticalReserve));
                errors.Warn(root.PlaceOf(at), at, $"{at.Key} of cluster '{cluster.ClusterId}' {why}, or take it out.");
            }

            CheckCircuit(cluster.ClusterId, extensions, path.Then(nameof(ClusterExtensions.CircuitBreaker)));
        }
    }

    /// <summary>Whether the cluster's strategy is one of YARP's that no destination is too full for.</summary>
    public static bool IsBlindToRoom(ClusterConfig cluster) =>
        "Random".Equals(cluster.LoadBalancingPolicy, StringComparison.OrdinalIgnoreCase) || "FirstAlphabetical".Equals(cluster.LoadBalancingPolicy, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether requests of the cluster can come to wait at all, if there are enough of them.</summary>
    public static bool HasQueue(ClusterConfig cluster, ClusterExtensions extensions) =>
        extensions.Admission.MaxInFlight is not null
        || (!IsBlindToRoom(cluster) && (extensions.Capacity.Count + extensions.TokenCapacity.Count > 0 || extensions.Admission.Adaptive));

    private void WarnOfQueue(ClusterConfig cluster, KeyPath admission)
    {
        // A limit of 0 says that nobody waits, and so it is.
        var set = QueueKeys.Where(key => root.Find(admission.Then(key)) is { Kind: not NodeKind.Null } node && !(key == nameof(AdmissionOptions.QueueLimit) && node.Value == "0")).ToArray();
        if (set.Length == 0)
        {
            return;
        }

        var at = admission.Then(set[0]);
        var why = IsBlindToRoom(cluster)
            ? $"the strategy '{cluster.LoadBalancingPolicy}' is YARP's and knows no room on destinations, so nothing ever waits; choose a strategy of the gateway's own and set Capacity, or set {nameof(AdmissionOptions.MaxInFlight)}"
            : $"nothing bounds the cluster, so nothing ever waits; set Capacity, TokenCapacity, {nameof(AdmissionOptions.MaxInFlight)} or {nameof(AdmissionOptions.Adaptive)}";
        errors.Warn(root.PlaceOf(at), at, $"{string.Join(", ", set)} of cluster '{cluster.ClusterId}' {(set.Length == 1 ? "is" : "are")} of no use: {why}, or take {(set.Length == 1 ? "it" : "them")} out.");
    }

    /// <summary>Warns of a wait that <c>Total</c> of every route to the cluster ends before.</summary>
    private void CheckWait(string cluster, TimeSpan wait, KeyPath at)
    {
        var totals = snapshot.Routes.Where(route => Leads(route, cluster)).Select(Total).ToArray();
        if (totals.Length > 0 && totals.Max(static total => total ?? TimeSpan.MaxValue) is var longest && longest < wait)
        {
            errors.Warn(
                root.PlaceOf(at),
                at,
                $"{at.Key} of cluster '{cluster}' is {wait}, but Timeouts.Total ends every request that can reach it after {longest} at most, answered as one that timed out; "
                + "set it below that, or raise Total.");
        }
    }

    private static bool Leads(RouteConfig route, string cluster)
    {
        var models = ExtensionsCarrier.Read(route).Models.Values;
        return models.Count == 0
            ? cluster.Equals(route.ClusterId, StringComparison.OrdinalIgnoreCase)
            : models.Any(model => cluster.Equals(model.Cluster ?? route.ClusterId, StringComparison.OrdinalIgnoreCase));
    }

    private TimeSpan? Total(RouteConfig route)
    {
        var own = snapshot.Clusters.FirstOrDefault(cluster => cluster.ClusterId.Equals(route.ClusterId, StringComparison.OrdinalIgnoreCase));
        return ExtensionsCarrier.Read(route).Timeouts.Total ?? (own is null ? null : ExtensionsCarrier.Read(own).Timeouts.Total);
    }

    /// <summary>Why no place is kept for critical requests, or none of any use, and what to do; null when some are.</summary>
    private string? WhyNothingIsKept(ClusterConfig cluster, ClusterExtensions extensions)
    {
        var most = extensions.Admission.MaxInFlight;
        var isBlind = IsBlindToRoom(cluster);
        var places = isBlind ? null : Places(cluster, extensions);
        if (most is null && isBlind)
        {
            return $"keeps nothing free, for the strategy '{cluster.LoadBalancingPolicy}' is YARP's and knows no room on destinations; "
                + $"choose a strategy of the gateway's own and set Capacity, or set {nameof(AdmissionOptions.MaxInFlight)}";
        }

        if (most is null && places is null && !extensions.Admission.Adaptive)
        {
            return $"keeps nothing free, for it is not told how many requests its destinations take; set Capacity for each (or for *) or {nameof(AdmissionOptions.MaxInFlight)}";
        }

        if (Math.Min(most ?? long.MaxValue, places ?? long.MaxValue) == 1)
        {
            return "keeps nothing free, for the cluster has one place only, and the only one is never kept; allow more by Capacity or " + nameof(AdmissionOptions.MaxInFlight);
        }

        return root.Find(ClientKeys)?.Members.Exists(static key => PriorityBands.Critical.Equals(key.Node[nameof(ClientKeyOptions.Band)]?.Value, StringComparison.OrdinalIgnoreCase)) == true
            ? null
            : $"keeps places free that nobody takes, for no client in Clients.Keys has the {nameof(ClientKeyOptions.Band)} {PriorityBands.Critical}; give it to one";
    }

    /// <summary>Places on the destinations that take requests; null when one has no bound.</summary>
    private static long? Places(ClusterConfig cluster, ClusterExtensions extensions)
    {
        var sum = 0L;
        foreach (var id in cluster.Destinations?.Keys ?? [])
        {
            if (extensions.Weights.GetValueOrDefault(id, 1) == 0)
            {
                continue;
            }

            if (!extensions.Capacity.TryGetValue(id, out var capacity) && !extensions.Capacity.TryGetValue("*", out capacity))
            {
                return null;
            }

            sum += capacity;
        }

        return sum;
    }

    private void CheckCircuit(string cluster, ClusterExtensions extensions, KeyPath path)
    {
        var set = root.Find(path)?.Members.Where(static member => member.Node.Kind != NodeKind.Null && !member.Key.Equals(nameof(CircuitBreakerOptions.Enabled), StringComparison.OrdinalIgnoreCase)).ToArray() ?? [];
        if (set.Length > 0 && (!extensions.CircuitBreaker.Enabled || !extensions.Health.Eject))
        {
            var off = extensions.CircuitBreaker.Enabled ? "Health.Eject is false, so no destination has a circuit" : "its Enabled is false";
            errors.Warn(
                set[0].KeyPlace,
                path.Then(set[0].Key),
                $"CircuitBreaker of cluster '{cluster}' sets {string.Join(", ", set.Select(static member => member.Key))}, but {off}; take {(set.Length == 1 ? "it" : "them")} out, or turn it on.");
        }
    }
}
