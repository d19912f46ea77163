namespace BlazeGateway.Tests.Architecture;

/// <summary>Which folder of a project uses which, from the types' dependencies. A folder is the first part of a namespace below the project's.</summary>
internal sealed class FolderGraph
{
    private readonly SortedDictionary<string, SortedDictionary<string, string>> _uses = new(StringComparer.Ordinal);

    public FolderGraph(IEnumerable<(string From, string To)> uses, string space)
    {
        foreach (var (from, to) in uses)
        {
            if (Folder(from, space) is { } source && Folder(to, space) is { } target && source != target)
            {
                if (!_uses.TryGetValue(source, out var targets))
                {
                    _uses.Add(source, targets = new(StringComparer.Ordinal));
                }

                targets.TryAdd(target, $"{from} uses {to}");
            }
        }
    }

    public static FolderGraph Of(ArchUnitNET.Domain.Architecture architecture, string space) => new(
        architecture.Types.SelectMany(type => type.Dependencies.Select(dependency => (type.FullName, dependency.Target.FullName))), space);

    /// <summary>Every use that goes against <paramref name="layers"/>, lowest first; folders in one layer may not use each other's.</summary>
    public IEnumerable<string> Upward(IReadOnlyList<string[]> layers)
    {
        int Layer(string folder) => layers.TakeWhile(layer => !layer.Contains(folder, StringComparer.Ordinal)).Count();
        return from source in _uses
               from target in source.Value
               where Layer(source.Key) < Layer(target.Key)
               select $"{source.Key} must not use {target.Key}: {target.Value}";
    }

    /// <summary>Folders that use each other, directly or round about; each cycle once, with an example for every step.</summary>
    public IReadOnlyList<string> Cycles()
    {
        var found = new List<string>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var folder in _uses.Keys)
        {
            Visit(folder, [], done, found);
        }

        return found;
    }

    private void Visit(string folder, List<string> path, HashSet<string> done, List<string> found)
    {
        var start = path.IndexOf(folder);
        if (start >= 0)
        {
            var cycle = path[start..].Append(folder).ToList();
            found.Add(string.Join(" → ", cycle) + ": " + string.Join("; ", cycle.Zip(cycle.Skip(1), (from, to) => _uses[from][to])));
            return;
        }

        if (done.Contains(folder) || !_uses.TryGetValue(folder, out var targets))
        {
            return;
        }

        path.Add(folder);
        foreach (var target in targets.Keys)
        {
            Visit(target, path, done, found);
        }

        path.RemoveAt(path.Count - 1);
        done.Add(folder);
    }

    private static string? Folder(string type, string space)
    {
        if (!type.StartsWith(space + ".", StringComparison.Ordinal))
        {
            return null;
        }

        var rest = type[(space.Length + 1)..];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? null : rest[..dot];
    }
}
