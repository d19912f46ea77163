using System.Collections.Frozen;
using System.Collections.Immutable;

namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// A route's <c>Models</c>, compiled: exact names first, then the longest pattern. Finding allocates nothing; its cost grows with the
/// number of different pattern lengths, not of patterns.
/// </summary>
internal sealed class ModelTable
{
    /// <summary>Most entries of one route.</summary>
    public const int MaxEntries = 4096;

    /// <summary>Most fallbacks of one entry.</summary>
    public const int MaxFallbacks = 8;

    private const string DefaultTag = ":latest";

    private readonly FrozenDictionary<string, ModelTarget> _exact;
    private readonly FrozenDictionary<string, ModelTarget>.AlternateLookup<ReadOnlySpan<char>> _exactLookup;
    private readonly FrozenDictionary<string, ModelTarget> _prefixes;
    private readonly FrozenDictionary<string, ModelTarget>.AlternateLookup<ReadOnlySpan<char>> _prefixLookup;
    private readonly ImmutableArray<int> _prefixLengths;

    private ModelTable(IReadOnlyCollection<ModelTarget> targets)
    {
        Exact = [.. targets.Where(t => !t.IsPattern)];
        _exact = WithShortNames(Exact).ToFrozenDictionary(StringComparer.Ordinal);
        _exactLookup = _exact.GetAlternateLookup<ReadOnlySpan<char>>();
        _prefixes = targets.Where(t => t.IsPattern).ToFrozenDictionary(t => t.PublicName[..^1], StringComparer.Ordinal);
        _prefixLookup = _prefixes.GetAlternateLookup<ReadOnlySpan<char>>();
        _prefixLengths = [.. _prefixes.Keys.Select(k => k.Length).Distinct().OrderDescending()];
    }

    /// <summary>The table of a route without <c>Models</c>: every model goes to the route's own cluster.</summary>
    public static ModelTable Empty { get; } = new([]);

    /// <summary>Whether the route has no <c>Models</c>.</summary>
    public bool IsEmpty => _exact.Count == 0 && _prefixes.Count == 0;

    /// <summary>Entries with an exact name, in no order.</summary>
    public ImmutableArray<ModelTarget> Exact { get; }

    /// <summary>Entries with a pattern, in no order.</summary>
    public ImmutableArray<ModelTarget> Patterns => _prefixes.Values;

    /// <summary>Compiles a route's <c>Models</c>.</summary>
    /// <param name="models">The section.</param>
    /// <param name="ownCluster">The route's own cluster, for entries that name none.</param>
    /// <exception cref="ArgumentException">The section breaks a rule; the message names each.</exception>
    public static ModelTable Compile(IReadOnlyDictionary<string, ModelRouteOptions> models, string? ownCluster)
    {
        if (models.Count == 0)
        {
            return Empty;
        }

        var errors = Validate(models, ownCluster).ToArray();
        if (errors.Length > 0)
        {
            throw new ArgumentException(string.Join('\n', errors), nameof(models));
        }

        var table = new ModelTable([.. models.Select(m => new ModelTarget(m.Key, m.Value.Cluster ?? ownCluster!, m.Value.Rewrite))]);
        foreach (var (name, options) in models)
        {
            table.Entry(name).Fallbacks = [.. options.Fallback.Select(table.Fallback)];
        }

        return table;
    }

    /// <summary>Every rule <paramref name="models"/> breaks, one sentence each; nothing when it is right.</summary>
    public static IEnumerable<string> Validate(IReadOnlyDictionary<string, ModelRouteOptions> models, string? ownCluster)
    {
        if (models.Count > MaxEntries)
        {
            yield return $"Models has {models.Count} entries; a route takes at most {MaxEntries}. Use patterns such as 'llama-*'.";
        }

        foreach (var (name, options) in models)
        {
            if (name != "*" && !ModelName.IsValid(name.EndsWith('*') ? name.AsSpan(0, name.Length - 1) : name))
            {
                yield return $"Models.'{name}': a key is {ModelName.Rule}, with at most one '*' as its last character.";
            }

            if ((options.Cluster ?? ownCluster) is null)
            {
                yield return $"Models.'{name}': the route has no ClusterId, so Cluster must be set.";
            }

            if (options.Rewrite is { } rewrite && !ModelName.IsValid(rewrite))
            {
                yield return $"Models.'{name}'.Rewrite is '{rewrite}'; it must be {ModelName.Rule}.";
            }

            foreach (var error in ValidateFallback(models, name, options))
            {
                yield return error;
            }
        }
    }

    /// <summary>Where <paramref name="model"/> goes; null when the route does not map it.</summary>
    public ModelTarget? Find(ReadOnlySpan<char> model)
    {
        if (_exactLookup.TryGetValue(model, out var target))
        {
            return target;
        }

        foreach (var length in _prefixLengths)
        {
            if (model.Length >= length && _prefixLookup.TryGetValue(model[..length], out target))
            {
                return target;
            }
        }

        return null;
    }

    // Ollama takes a name without a tag for the one tagged latest.
    private static Dictionary<string, ModelTarget> WithShortNames(ImmutableArray<ModelTarget> targets)
    {
        var names = targets.ToDictionary(target => target.PublicName, StringComparer.Ordinal);
        foreach (var target in targets.Where(target => target.PublicName.EndsWith(DefaultTag, StringComparison.Ordinal)))
        {
            names.TryAdd(target.PublicName[..^DefaultTag.Length], target);
        }

        return names;
    }

    private static IEnumerable<string> ValidateFallback(
        IReadOnlyDictionary<string, ModelRouteOptions> models, string name, ModelRouteOptions options)
    {
        if (options.Fallback.Count > MaxFallbacks)
        {
            yield return $"Models.'{name}'.Fallback has {options.Fallback.Count} names; at most {MaxFallbacks} are tried.";
        }

        foreach (var fallback in options.Fallback)
        {
            if (!ModelName.IsValid(fallback))
            {
                yield return $"Models.'{name}'.Fallback: '{fallback}' must be {ModelName.Rule}.";
            }
            else if (fallback == name)
            {
                yield return $"Models.'{name}'.Fallback names the model itself; name another.";
            }
            else if (!models.ContainsKey(fallback) && !models.Keys.Any(k => k.EndsWith('*') && fallback.AsSpan().StartsWith(k.AsSpan(0, k.Length - 1))))
            {
                yield return $"Models.'{name}'.Fallback: '{fallback}' is not a model of this route; add it to Models.";
            }
        }
    }

    private ModelTarget Entry(string name) => name.EndsWith('*') ? _prefixes[name[..^1]] : _exact[name];

    private ModelTarget Fallback(string name)
    {
        var target = Find(name)!;
        return new ModelTarget(name, target.Cluster, target.Rewrite ?? name);
    }
}
