namespace BlazeGateway.Configuration;

/// <summary>What a node of a configuration is.</summary>
internal enum NodeKind
{
    /// <summary>Named members.</summary>
    Object,

    /// <summary>Items in order; their keys are 0, 1, ….</summary>
    Array,

    /// <summary>Text.</summary>
    String,

    /// <summary>A number as written.</summary>
    Number,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>JSON null: as if the key were not there.</summary>
    Null,
}

/// <summary>A key, where it was written, and what stands under it.</summary>
internal readonly record struct ConfigurationMember(string Key, Place KeyPlace, ConfigurationNode Node);

/// <summary>
/// One value of a configuration that remembers where it was written. Used instead of .NET's flat key/value pairs because those lose
/// the line, and break keys that hold a colon, which names of models do (<c>llama3.2:1b</c>).
/// </summary>
internal sealed class ConfigurationNode(NodeKind kind, string? value, Place place)
{
    public NodeKind Kind { get; } = kind;

    /// <summary>The text of a scalar; null for objects, arrays and null.</summary>
    public string? Value { get; } = value;

    public Place Place { get; } = place;

    public List<ConfigurationMember> Members { get; } = [];

    /// <summary>Whether the value came out of JSON text, where <c>true</c> and <c>"true"</c> differ; variables and options are text only.</summary>
    public bool FromJson { get; init; }

    /// <summary>Whether the value was taken from a secret, so it is never shown.</summary>
    public bool Secret { get; init; }

    /// <summary>Whether the value stands in place of a reference, so its rule could not be checked where it was written.</summary>
    public bool Referred { get; init; }

    public bool IsContainer => Kind is NodeKind.Object or NodeKind.Array;

    public ConfigurationNode? this[string key]
    {
        get
        {
            foreach (var member in Members)
            {
                if (string.Equals(member.Key, key, StringComparison.OrdinalIgnoreCase))
                {
                    return member.Node;
                }
            }

            return null;
        }
    }

    /// <summary>The node at <paramref name="path"/>, or null.</summary>
    public ConfigurationNode? Find(KeyPath path)
    {
        var node = this;
        foreach (var key in path.Keys())
        {
            node = node.Member(key)?.Node;
            if (node is null)
            {
                return null;
            }
        }

        return node;
    }

    /// <summary>Where <paramref name="path"/> was written: its value if it is a scalar, its key otherwise, the nearest parent if it is missing.</summary>
    public Place PlaceOf(KeyPath path)
    {
        var node = this;
        var nearest = Place;
        foreach (var key in path.Keys())
        {
            if (node.Member(key) is not { } member)
            {
                break;
            }

            node = member.Node;
            nearest = node.IsContainer ? member.KeyPlace : node.Place;
        }

        return nearest;
    }

    private ConfigurationMember? Member(string key)
    {
        ConfigurationMember? found = null;
        foreach (var member in Members)
        {
            if (string.Equals(member.Key, key, StringComparison.Ordinal))
            {
                return member;
            }

            if (string.Equals(member.Key, key, StringComparison.OrdinalIgnoreCase))
            {
                found ??= member;
            }
        }

        return found;
    }
}
