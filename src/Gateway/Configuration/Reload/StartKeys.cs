using BlazeGateway.Configuration.Checks;

namespace BlazeGateway.Configuration.Reload;

/// <summary>The keys a process reads at its start only: what they say, which of them changed since, and what is in effect because of that.</summary>
internal static class StartKeys
{
    private const int MostNamed = 20;

    /// <summary>What takes effect while the process runs; all else is read at its start.</summary>
    private static readonly string[] ReadAlways = ["$schema", RoutesReader.Section.Key, ShrinkGuard.Key, "Admin:Tokens"];

    /// <summary>Keys of which <paramref name="after"/> says something else than <paramref name="before"/>, in order; an array counts as one key.</summary>
    public static IReadOnlyList<string> Changed(ConfigurationNode before, ConfigurationNode after)
    {
        var (old, young) = (Values(before), Values(after));
        return
        [
            .. young.Concat(old).Select(static group => group.Key).Distinct(StringComparer.OrdinalIgnoreCase)
                .Where(key => !old[key].SequenceEqual(young[key], StringComparer.Ordinal))
                .Order(StringComparer.OrdinalIgnoreCase),
        ];
    }

    /// <summary>Keys as a sentence names them: not all of them if there are very many.</summary>
    public static string Name(IReadOnlyList<string> keys) =>
        string.Join(", ", keys.Take(MostNamed)) + (keys.Count > MostNamed ? $" and {keys.Count - MostNamed} more" : "");

    /// <summary>What <paramref name="started"/> says of the keys read at the start and <paramref name="served"/> of the others.</summary>
    public static ConfigurationNode InEffect(ConfigurationNode started, ConfigurationNode served) => InEffect(started, served, "")!;

    private static ConfigurationNode? InEffect(ConfigurationNode? started, ConfigurationNode? served, string key)
    {
        if (ReadAlways.Contains(key, StringComparer.OrdinalIgnoreCase))
        {
            return served;
        }

        if (key.Length > 0 && !Array.Exists(ReadAlways, always => always.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase)))
        {
            return started;
        }

        var mixed = new ConfigurationNode(NodeKind.Object, null, (served ?? started!).Place);
        var members = (served?.Members ?? []).Concat(started?.Members ?? []);
        foreach (var member in members.DistinctBy(static member => member.Key, StringComparer.OrdinalIgnoreCase))
        {
            if (InEffect(started?[member.Key], served?[member.Key], Then(key, member.Key)) is { } node)
            {
                mixed.Members.Add(member with { Node = node });
            }
        }

        return mixed;
    }

    private static ILookup<string, string?> Values(ConfigurationNode root) =>
        Leaves(root, "").ToLookup(static leaf => leaf.Key, static leaf => leaf.Value, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<KeyValuePair<string, string?>> Leaves(ConfigurationNode node, string prefix)
    {
        foreach (var member in node.Members)
        {
            var key = Then(prefix, member.Key);
            if (ReadAlways.Contains(key, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            if (member.Node.Kind == NodeKind.Object)
            {
                foreach (var leaf in Leaves(member.Node, key))
                {
                    yield return leaf;
                }
            }
            else if (member.Node.Kind == NodeKind.Array)
            {
                foreach (var item in TreeBinder.Flatten(member.Node))
                {
                    yield return KeyValuePair.Create(key, (string?)$"{item.Key}={item.Value}");
                }
            }
            else if (member.Node.Kind != NodeKind.Null)
            {
                yield return KeyValuePair.Create(key, member.Node.Value);
            }
        }
    }

    private static string Then(string prefix, string key) => prefix.Length == 0 ? key : $"{prefix}:{key}";
}
