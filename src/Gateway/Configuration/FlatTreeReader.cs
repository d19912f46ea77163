namespace BlazeGateway.Configuration;

/// <summary>One key of a source without structure, the name its user knows it by, and its value.</summary>
internal readonly record struct FlatEntry(string Key, string Value, string Name, bool Secret);

/// <summary>Turns <c>A:B:C = value</c> pairs (variables, secrets, options of the command line) into nodes.</summary>
internal static class FlatTreeReader
{
    public static ConfigurationNode Read(IEnumerable<FlatEntry> entries)
    {
        var root = new ConfigurationNode(NodeKind.Object, null, default);
        foreach (var entry in entries)
        {
            Add(root, entry.Key.Split(':'), entry);
        }

        return root;
    }

    private static void Add(ConfigurationNode root, string[] keys, FlatEntry entry)
    {
        var place = new Place(entry.Name, 0, 0);
        var node = root;
        foreach (var key in keys.AsSpan(0, keys.Length - 1))
        {
            var next = node[key];
            if (next is not { Kind: NodeKind.Object })
            {
                node.Members.RemoveAll(member => string.Equals(member.Key, key, StringComparison.OrdinalIgnoreCase));
                next = new ConfigurationNode(NodeKind.Object, null, place);
                node.Members.Add(new ConfigurationMember(key, place, next));
            }

            node = next;
        }

        var last = keys[^1];
        node.Members.RemoveAll(member => string.Equals(member.Key, last, StringComparison.OrdinalIgnoreCase));
        node.Members.Add(new ConfigurationMember(last, place, new ConfigurationNode(NodeKind.String, entry.Value, place) { Secret = entry.Secret }));
    }
}
