using System.Collections.Frozen;

namespace BlazeGateway.Policies.Destinations;

/// <summary>Which models are served where, at one time. Immutable; every question is answered without allocation.</summary>
internal sealed class CatalogSnapshot
{
    /// <summary>Stands for every model that no destination tells of.</summary>
    public const string Other = "other";

    private readonly FrozenDictionary<string, ClusterModels> _clusters;
    private readonly ModelSet _names;

    public CatalogSnapshot(IReadOnlyCollection<ClusterModels> clusters)
    {
        _clusters = clusters.ToFrozenDictionary(c => c.Id, StringComparer.OrdinalIgnoreCase);
        _names = ModelSet.From(clusters.SelectMany(c => c.Known.Entries).DistinctBy(entry => entry.Name, StringComparer.Ordinal));
    }

    /// <summary>Before the first configuration.</summary>
    public static CatalogSnapshot Empty { get; } = new([]);

    /// <summary>Clusters whose destinations are model servers.</summary>
    public IReadOnlyCollection<ClusterModels> Clusters => _clusters.Values;

    /// <summary>The models of <paramref name="cluster"/>; null when it is no cluster of model servers.</summary>
    public ClusterModels? Cluster(string cluster) => _clusters.GetValueOrDefault(cluster);

    /// <summary>What is known of <paramref name="model"/> in <paramref name="cluster"/>.</summary>
    public ModelStanding Find(string cluster, ReadOnlySpan<char> model) =>
        _clusters.TryGetValue(cluster, out var models) ? models.Find(model) : ModelStanding.Unlisted;

    /// <summary>Whether a destination of <paramref name="cluster"/> is known to serve <paramref name="model"/>, answering or not.</summary>
    public bool Knows(string cluster, ReadOnlySpan<char> model) => Find(cluster, model) >= ModelStanding.Known;

    /// <summary>Whether a destination of <paramref name="cluster"/> that answers serves <paramref name="model"/>.</summary>
    public bool IsServed(string cluster, ReadOnlySpan<char> model) => Find(cluster, model) == ModelStanding.Served;

    /// <summary>The name of <paramref name="model"/> as destinations tell it: a kept string, or <see cref="Other"/> when none does.</summary>
    public string NameOf(ReadOnlySpan<char> model) => _names.Find(model) ?? Other;
}
