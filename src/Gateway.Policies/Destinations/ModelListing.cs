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
    public static ImmutableArray<ModelEntry> Of(CatalogSnapshot snapshot, ModelTable table, string? ownCluster)
    {
        if (table.IsEmpty)
        {
            return ownCluster is null ? [] : snapshot.Cluster(ownCluster)?.Served.Entries ?? [];
        }

        var listed = new SortedDictionary<string, ModelEntry>(StringComparer.Ordinal);
        foreach (var target in table.Exact)
        {
            if (Exact(snapshot, target) is { } entry)
            {
                listed.Add(target.PublicName, entry);
            }
        }

        foreach (var pattern in table.Patterns.Where(p => p.Rewrite is null))
        {
            foreach (var entry in snapshot.Cluster(pattern.Cluster)?.Served.Entries ?? [])
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
    public static ModelEntry? Find(CatalogSnapshot snapshot, ModelTable table, string? ownCluster, string model)
    {
        if (table.IsEmpty)
        {
            return ownCluster is null ? null : Served(snapshot, ownCluster, model);
        }

        return table.Find(model) switch
        {
            null => null,
            { IsPattern: false } target => Exact(snapshot, target),
            { Rewrite: null } pattern => Served(snapshot, pattern.Cluster, model),
            { Rewrite: { } rewrite } pattern => Served(snapshot, pattern.Cluster, rewrite) is { } entry ? entry with { Name = model } : null,
        };
    }

    private static ModelEntry? Exact(CatalogSnapshot snapshot, ModelTarget target)
    {
        var name = target.Rewrite ?? target.PublicName;
        if (snapshot.Cluster(target.Cluster) is not { IsServing: true } cluster)
        {
            return null;
        }

        return cluster.Find(name) == ModelStanding.Served
            ? Served(snapshot, target.Cluster, name)! with { Name = target.PublicName }
            : cluster.ServingUnlisted ? new ModelEntry { Name = target.PublicName } : null;
    }

    private static ModelEntry? Served(CatalogSnapshot snapshot, string cluster, string model)
    {
        if (snapshot.Cluster(cluster)?.Served is not { } served || !served.Contains(model))
        {
            return null;
        }

        return served.Entries.FirstOrDefault(e => e.Name == model) ?? new ModelEntry { Name = model };
    }
}
