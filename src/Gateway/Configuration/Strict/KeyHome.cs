namespace BlazeGateway.Configuration.Strict;

/// <summary>Where keys belong that stand in a place that does not know them. Read off the same shapes the strict check goes by.</summary>
internal static class KeyHome
{
    /// <summary>A key that stands in more places than these is told of none.</summary>
    private const int MostTold = 3;

    /// <summary>A name the user chooses, in a path.</summary>
    private const string Name = "NAME";

    private static readonly ILookup<string, string[]> Homes = Walk(RootShape.Instance, []).ToLookup(static home => home.Key, static home => home.Object, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether some object of a configuration knows <paramref name="key"/>.</summary>
    public static bool IsKnown(string key) => Homes.Contains(key);

    /// <summary>Where the key at the end of <paramref name="path"/> belongs, such as <c>Admission of a cluster's Extensions</c>; null when nothing knows it, or too much does.</summary>
    public static string? Of(KeyPath path)
    {
        var stands = Generic(path.Parent!.Keys());
        var homes = Homes[path.Key].ToArray();
        if (homes.Length == 0)
        {
            return null;
        }

        // What belongs near by was meant: of a key that routes and clusters have, a route is told of its own.
        var nearest = homes.Max(home => Shared(home, stands));
        var told = homes.Where(home => Shared(home, stands) == nearest).Select(Describe).Distinct(StringComparer.Ordinal).ToArray();
        return told.Length <= MostTold ? string.Join(" or ", told) : null;
    }

    /// <summary>Whether the key at the end of <paramref name="path"/> is one of the <c>Extensions</c> of the very object it stands in.</summary>
    public static bool IsExtension(KeyPath path)
    {
        var extensions = Generic([.. path.Parent!.Keys(), "Extensions"]);
        return Homes[path.Key].Any(home => home.SequenceEqual(extensions, StringComparer.OrdinalIgnoreCase));
    }

    private static IEnumerable<(string Key, string[] Object)> Walk(Shape shape, string[] at) => shape switch
    {
        ObjectShape known => known.Members.Values.SelectMany(member => Walk(member.Shape, [.. at, member.Name]).Prepend((member.Name, at))),
        MapShape map => Walk(map.Value, [.. at, Name]),
        ListShape list => Walk(list.Item, [.. at, Name]),
        _ => [],
    };

    /// <summary>The path of an object with <see cref="Name"/> in place of what the user chose.</summary>
    private static List<string> Generic(IReadOnlyList<string> keys)
    {
        var generic = new List<string>(keys.Count);
        Shape? shape = RootShape.Instance;
        foreach (var key in keys)
        {
            generic.Add(shape is MapShape or ListShape ? Name : key);
            shape = shape switch
            {
                ObjectShape known => known.Members.GetValueOrDefault(key)?.Shape,
                MapShape map => map.Value,
                ListShape list => list.Item,
                _ => null,
            };
        }

        return generic;
    }

    private static int Shared(string[] home, List<string> stands) =>
        home.Zip(stands).TakeWhile(static pair => string.Equals(pair.First, pair.Second, StringComparison.OrdinalIgnoreCase)).Count();

    private static string Describe(string[] home) => home switch
    {
        [] => "the top level of the file",
        ["ReverseProxy", "Routes", Name, .. var rest] => Within(rest, "a route"),
        ["ReverseProxy", "Clusters", Name, "Destinations", Name, .. var rest] => Within(rest, "a destination"),
        ["ReverseProxy", "Clusters", Name, .. var rest] => Within(rest, "a cluster"),
        _ => $"{string.Join(':', home)} at the top level of the file",
    };

    private static string Within(string[] rest, string owner) => rest switch
    {
        [] => owner,
        ["Extensions", _, ..] => $"{string.Join(':', rest[1..])} of {owner}'s Extensions",
        _ => $"{string.Join(':', rest)} of {owner}",
    };
}
