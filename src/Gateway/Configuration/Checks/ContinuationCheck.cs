using BlazeGateway.Policies;
using BlazeGateway.Policies.Pipeline.Continuation;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Routes that ask for broken streams to go on where none ever could: no cluster with a kind that continues, no inference requests, no second attempt.</summary>
internal sealed class ContinuationCheck(ConfigurationNode root, RoutesSnapshot snapshot, ConfigurationErrors errors)
{
    private readonly Dictionary<string, ClusterExtensions> _clusters =
        snapshot.Clusters.ToDictionary(static cluster => cluster.ClusterId, ExtensionsCarrier.Read, StringComparer.OrdinalIgnoreCase);

    public void Check()
    {
        foreach (var route in snapshot.Routes)
        {
            var extensions = ExtensionsCarrier.Read(route);
            if (extensions.Continuation.Enabled)
            {
                Check(route, extensions, RoutesReader.RoutesPath.Then(route.RouteId).Then("Extensions").Then(nameof(RouteExtensions.Continuation)).Then(nameof(ContinuationOptions.Enabled)));
            }
        }
    }

    private void Check(RouteConfig route, RouteExtensions extensions, KeyPath at)
    {
        if (extensions.Inference == false)
        {
            errors.Add(
                root.PlaceOf(at),
                at,
                $"Continuation of route '{route.RouteId}' is enabled, but its Inference is false; only streams of inference requests can be continued. Set Inference to true, or take Continuation out.");
            return;
        }

        // Names that do not exist have an error of their own.
        var reached = Reached(route, extensions).Where(_clusters.ContainsKey).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase).ToArray();
        if (reached.Length > 0 && !Array.Exists(reached, cluster => ContinuingKinds.Contains(KindOf(cluster))))
        {
            errors.Add(
                root.PlaceOf(at),
                at,
                $"Continuation of route '{route.RouteId}' is enabled, but no cluster it reaches ({string.Join(", ", reached.Take(20).Select(Described))}) has model servers that go on with an answer; "
                + $"the kinds that do are {string.Join(", ", ContinuingKinds.All)}. Set Extensions.ModelServer.Kind of a cluster to what its servers are, or take Continuation out.");
        }
        else if (extensions.Retry.MaxAttempts == 1)
        {
            errors.Warn(root.PlaceOf(at), at, $"Continuation of route '{route.RouteId}' is of no use with Retry.MaxAttempts 1; allow at least 2, or take it out.");
        }
    }

    private static IEnumerable<string> Reached(RouteConfig route, RouteExtensions extensions) =>
        (extensions.Models.Count == 0 ? [route.ClusterId] : extensions.Models.Values.Select(model => model.Cluster ?? route.ClusterId)).OfType<string>();

    private string? KindOf(string cluster) => _clusters[cluster].ModelServer?.Kind;

    private string Described(string cluster) => KindOf(cluster) is { } kind ? $"'{cluster}': {kind}" : $"'{cluster}': no ModelServer.Kind";
}
