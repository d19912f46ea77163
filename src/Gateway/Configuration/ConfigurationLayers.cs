using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.Configuration;

/// <summary>Lays nodes over each other and finds the keys in sources that also hold other things.</summary>
internal static class ConfigurationLayers
{
    private const string Prefix = "BLAZE_";

    /// <summary>
    /// The lower node with the upper over it, key by key. An array of a JSON file replaces the lower array as a whole;
    /// a null takes the key away.
    /// </summary>
    public static ConfigurationNode Merge(ConfigurationNode lower, ConfigurationNode upper, Shape? shape)
    {
        if (!lower.IsContainer || !upper.IsContainer || upper.Kind == NodeKind.Array)
        {
            return upper;
        }

        var comparison = shape is MapShape { CaseSensitive: true } ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        var merged = new ConfigurationNode(lower.Kind, null, lower.Place) { FromJson = lower.FromJson };
        merged.Members.AddRange(lower.Members);
        foreach (var member in upper.Members)
        {
            var index = merged.Members.FindIndex(existing => string.Equals(existing.Key, member.Key, comparison));
            if (index < 0)
            {
                merged.Members.Add(member);
            }
            else
            {
                var existing = merged.Members[index];
                var node = Merge(existing.Node, member.Node, Inner(shape, member.Key));
                merged.Members[index] = new ConfigurationMember(existing.Key, node.IsContainer ? existing.KeyPlace : member.KeyPlace, node);
            }
        }

        return merged;
    }

    /// <summary>
    /// Variables that are keys: <c>BLAZE_Admin__Url</c> and <c>Admin__Url</c>. One without <c>__</c> is a key only if it names a section
    /// after the prefix, so that <c>BLAZE_SERVICE_HOST</c> and the like, which Kubernetes sets, are left alone.
    /// </summary>
    public static IEnumerable<FlatEntry> OfVariables(IEnumerable<KeyValuePair<string, string>> variables)
    {
        var entries = new List<(bool Prefixed, FlatEntry Entry)>();
        foreach (var (name, value) in variables)
        {
            var prefixed = name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);
            var key = (prefixed ? name[Prefix.Length..] : name).Replace("__", ":", StringComparison.Ordinal);
            var nested = key.Contains(':', StringComparison.Ordinal);
            var section = RootShape.HasSection(key.Split(':')[0]);
            if (prefixed ? nested || section : nested && section)
            {
                entries.Add((prefixed, new FlatEntry(key, value, $"environment variable {name}", Secret: false)));
            }
        }

        return entries.OrderBy(static entry => entry.Prefixed).ThenBy(static entry => entry.Entry.Key, StringComparer.OrdinalIgnoreCase).Select(static entry => entry.Entry);
    }

    /// <summary>Secrets whose file name is a key.</summary>
    public static IEnumerable<FlatEntry> OfSecrets(IReadOnlyDictionary<string, string> secrets) =>
        from secret in secrets.OrderBy(static pair => pair.Key, StringComparer.Ordinal)
        let key = secret.Key.Replace("__", ":", StringComparison.Ordinal)
        where key.Contains(':', StringComparison.Ordinal) && RootShape.HasSection(key.Split(':')[0])
        select new FlatEntry(key, secret.Value, $"secret {secret.Key}", Secret: true);

    private static Shape? Inner(Shape? shape, string key) => shape switch
    {
        ObjectShape expected => expected.Members.GetValueOrDefault(key)?.Shape,
        MapShape expected => expected.Value,
        ListShape expected => expected.Item,
        _ => null,
    };
}
