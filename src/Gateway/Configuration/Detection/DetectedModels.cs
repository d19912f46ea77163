using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Configuration.Detection;

/// <summary>
/// The <c>Models</c> of a route in front of several detected clusters. A model that more than one of them serves goes to the first; the others are its
/// fallbacks, under names of their own.
/// </summary>
internal sealed class DetectedModels
{
    private readonly Dictionary<string, ModelRouteOptions> _entries = new(StringComparer.Ordinal);
    private readonly List<SecondChoice> _second = [];

    /// <param name="clusters">The clusters, in order of preference.</param>
    public DetectedModels(IReadOnlyList<DetectedCluster> clusters)
    {
        if (clusters.Count == 1)
        {
            return;
        }

        foreach (var cluster in clusters)
        {
            // The last place is for the pattern of destinations that have not told their models.
            foreach (var model in cluster.Group.Models.Take(ModelTable.MaxEntries - 1 - _entries.Count))
            {
                _entries.TryAdd(model, new ModelRouteOptions { Cluster = cluster.Id });
            }
        }

        foreach (var cluster in clusters)
        {
            foreach (var model in cluster.Group.Models)
            {
                if (_entries.TryGetValue(model, out var entry) && entry.Cluster != cluster.Id)
                {
                    _second.Add(new SecondChoice(cluster, model, clusters.First(c => c.Id == entry.Cluster), Fallback(entry, model, cluster)));
                }
            }
        }

        Unlisted = clusters.Where(static c => c.Group.NeedOfUnlisted > 0).MaxBy(static c => c.Group.NeedOfUnlisted);
        if (Unlisted is not null)
        {
            _entries["*"] = new ModelRouteOptions { Cluster = Unlisted.Id };
        }
    }

    /// <summary>The section; empty when there is one cluster, which then gets everything.</summary>
    public Dictionary<string, ModelRouteOptions> Entries => _entries;

    /// <summary>Models of clusters that another cluster comes before.</summary>
    public IReadOnlyList<SecondChoice> Second => _second;

    /// <summary>The cluster that gets requests for models nobody lists; null when there is none.</summary>
    public DetectedCluster? Unlisted { get; }

    // A hosted API asks for a credential, which no option gives it, and for money.
    private string? Fallback(ModelRouteOptions first, string model, DetectedCluster cluster)
    {
        var name = $"{model}@{cluster.Id}";
        if (ModelServerPaths.IsHosted(cluster.Group.Kind) || first.Fallback.Count == ModelTable.MaxFallbacks
            || _entries.Count >= ModelTable.MaxEntries - 1 || !ModelName.IsValid(name)
            || !_entries.TryAdd(name, new ModelRouteOptions { Cluster = cluster.Id, Rewrite = model }))
        {
            return null;
        }

        first.Fallback.Add(name);
        return name;
    }
}

/// <summary>A cluster made for a group of backends.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Group">Its destinations.</param>
internal sealed record DetectedCluster(string Id, BackendGroup Group);

/// <summary>A model of a cluster that another cluster comes before.</summary>
/// <param name="Cluster">The cluster that comes second.</param>
/// <param name="Model">The model.</param>
/// <param name="First">The cluster that comes first.</param>
/// <param name="Name">Name under which it is a fallback; null when it is none.</param>
internal sealed record SecondChoice(DetectedCluster Cluster, string Model, DetectedCluster First, string? Name);
