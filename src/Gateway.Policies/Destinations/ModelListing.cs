using System.Collections.Immutable;

namespace BlazeGateway.Policies.Destinations;

/// <summary>The models a route offers its clients now, under their public names.</summary>
internal static class ModelListing
{
    /// <summary>
    /// What answering destinations serve. With <c>Models</c>: each exact name whose cluster serves it, and the served names its patterns match;
    /// a rewritten model appears under its public name only.
    /// </summary>
    /// <param name="snapshot">What is served.</param>
    /// <param name="table">The route's <c>Models</c>.</param>
    /// <param name="ownCluster">The route's own cluster.</param>
    public static ImmutableArray<ModelEntry> Of(CatalogSnapshot snapshot, ModelTable? table, string? ownCluster)
    {
        if (table is null)
        {
            return Served(snapshot, ownCluster);
        }

        var listed = new SortedDictionary<string, ModelEntry>(StringComparer.Ordinal);
        foreach (var target in table.Exact)
        {
            if (Exact(snapshot, target, ownCluster) is { } entry)
            {
                listed.Add(target.PublicName, entry);
            }
        }

        foreach (var pattern in table.Patterns.Where(p => p.Rewrite is null))
        {
            foreach (var entry in Served(snapshot, pattern.Cluster ?? ownCluster))
            {
                if (ReferenceEquals(table.Find(entry.Name), pattern))
                {
                    listed.Add(entry.Name, entry);
                }
            }
        }

        return [.. listed.Values];
    }

    /// <summary>The entry for <paramref name="model"/>; null when the route does not offer it now.</summary>
    public static ModelEntry? Find(CatalogSnapshot snapshot, ModelTable? table, string? ownCluster, string model)
    {
        if (table is null)
        {
            return Served(snapshot, ownCluster, model);
        }

        return table.Find(model) switch
        {
            null => null,
            { IsPattern: false } target => Exact(snapshot, target, ownCluster),
            { Rewrite: null } pattern => Served(snapshot, pattern.Cluster ?? ownCluster, model),
            { Rewrite: { } rewrite } pattern => Served(snapshot, pattern.Cluster ?? ownCluster, rewrite) is { } entry ? entry with { Name = model } : null,
        };
    }

    private static ModelEntry? Exact(CatalogSnapshot snapshot, ModelMatch target, string? ownCluster)
    {
        var name = target.Rewrite ?? target.PublicName;
        if ((target.Cluster ?? ownCluster) is not { } id || snapshot.Cluster(id) is not { IsAnswering: true } cluster)
        {
            return null;
        }

        return cluster.Find(name) == ModelStanding.Served
            ? Served(snapshot, id, name)! with { Name = target.PublicName }
            : cluster.AnsweringUnlisted ? new ModelEntry { Name = target.PublicName } : null;
    }

    private static ImmutableArray<ModelEntry> Served(CatalogSnapshot snapshot, string? cluster) =>
        cluster is null ? [] : snapshot.Cluster(cluster)?.Served.Entries ?? [];

    private static ModelEntry? Served(CatalogSnapshot snapshot, string? cluster, string model)
    {
        if (cluster is null || !snapshot.IsServed(cluster, model))
        {
            return null;
        }

        return Served(snapshot, cluster).FirstOrDefault(e => e.Name == model) ?? new ModelEntry { Name = model };
    }
}
