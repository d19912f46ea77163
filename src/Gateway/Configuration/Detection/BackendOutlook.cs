using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Configuration.Detection;

/// <summary>Tells which requests each backend will get, where that is not simply those for the models it lists.</summary>
internal sealed class BackendOutlook(IReadOnlyList<DetectedCluster> clusters, DetectedModels models)
{
    private const int Shown = 5;

    /// <summary><paramref name="backend"/> with what to expect of it at the end of its message.</summary>
    public DetectedBackend Told(DetectedBackend backend) =>
        backend.IsTold ? backend : backend with { Message = $"{backend.Message}{Expectation(backend)}" };

    /// <summary>One line per cluster that is of several kinds or comes second for some models.</summary>
    public IEnumerable<string> Notices()
    {
        foreach (var cluster in clusters.Where(static c => c.Group.IsMixed))
        {
            yield return $"{string.Join(", ", cluster.Group.Backends.Where(static b => b.IsKindKnown).Select(b => $"{b.Address} ({b.Kind})"))} become one cluster of kind {cluster.Group.Kind}: "
                + "a request goes to any of them that lists its model, also on a path that only some of them have.";
        }

        foreach (var second in models.Second.GroupBy(static s => (s.Cluster, s.First, IsFallback: s.Name is not null)))
        {
            var (cluster, first, isFallback) = second.Key;
            var names = Some(second.Select(static s => s.Model));
            yield return isFallback
                ? $"{Addresses(cluster)} is second choice for {names}: used while {Addresses(first)} is not available, because {cluster.Group.Kind} and {first.Group.Kind} "
                    + $"cannot share a cluster. Clients reach it at once as {Some(second.Select(static s => s.Name!))}."
                : $"{Addresses(cluster)} gets no request for {names}: those go to {Addresses(first)}. "
                    + $"Write a routes.json with --print-config and name a model of cluster '{cluster.Id}' under Fallback there to have it used too.";
        }
    }

    private string Expectation(DetectedBackend backend)
    {
        var own = clusters.First(cluster => cluster.Group.Backends.Any(member => member.Id == backend.Id));
        if (clusters.Count == 1)
        {
            return backend.Answer is DestinationAnswer.Unreachable or DestinationAnswer.Failing ? " It stays in the configuration and gets requests when it answers." : "";
        }

        var kind = backend.IsKindKnown ? "" : $", taken for {own.Group.Kind},";
        if (own == models.Unlisted)
        {
            var others = clusters.Where(cluster => cluster != own && cluster.Group.Models.Count > 0).Select(Addresses).ToArray();
            return backend.MayTellModels
                ? $" It stays in the configuration{kind} and gets requests for the models it lists when it answers{(others.Length == 0 ? "" : $"; models of {string.Join(", ", others)} go there first")}."
                : " It gets requests for models that no other lists.";
        }

        return own.Group.Models.Count > 0
            ? $" It stays in the configuration{kind} and gets requests for {Some(own.Group.Models)} if it lists them when it answers; other models go to {Addresses(models.Unlisted!)}."
            : $" It is left out for now, because models nobody lists go to {Addresses(models.Unlisted!)}: write a routes.json with --print-config and "
                + $"name its models under Models of route 'openai' there, with Cluster '{own.Id}'.";
    }

    private static string Addresses(DetectedCluster cluster) => string.Join(", ", cluster.Group.Backends.Select(static b => b.Address.ToString()));

    private static string Some(IEnumerable<string> names)
    {
        var all = names.ToArray();
        return string.Join(", ", all.Take(Shown)) + (all.Length > Shown ? $" and {all.Length - Shown} more" : "");
    }
}
