using System.Collections.Frozen;
using System.Collections.Immutable;

namespace BlazeGateway.Policies.Destinations;

/// <summary>An immutable set of models, sorted by name, asked by span without allocation.</summary>
internal sealed class ModelSet
{
    private const string DefaultTag = ":latest";

    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    private ModelSet(ImmutableArray<ModelEntry> entries)
    {
        Entries = entries;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            names.Add(entry.Name);

            // Ollama takes a name without a tag for the one tagged latest.
            if (entry.Digest is not null && entry.Name.EndsWith(DefaultTag, StringComparison.Ordinal))
            {
                names.Add(entry.Name[..^DefaultTag.Length]);
            }
        }

        Names = names.ToFrozenSet(StringComparer.Ordinal);
        _lookup = Names.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>No model.</summary>
    public static ModelSet Empty { get; } = new([]);

    /// <summary>The models, sorted by name, each name once.</summary>
    public ImmutableArray<ModelEntry> Entries { get; }

    /// <summary>Every name a request may use, Ollama's short forms included.</summary>
    public FrozenSet<string> Names { get; }

    /// <summary>The set of <paramref name="entries"/>; of two with one name the first counts.</summary>
    public static ModelSet From(IEnumerable<ModelEntry> entries) =>
        new([.. entries.DistinctBy(e => e.Name, StringComparer.Ordinal).OrderBy(e => e.Name, StringComparer.Ordinal)]);

    /// <summary>Whether a request for <paramref name="model"/> can be served.</summary>
    public bool Contains(ReadOnlySpan<char> model) => _lookup.Contains(model);

    /// <summary>The set's own string for <paramref name="model"/>; null when it is not in the set.</summary>
    public string? Find(ReadOnlySpan<char> model) => _lookup.TryGetValue(model, out var name) ? name : null;

    /// <summary>Whether both hold the same models with the same facts.</summary>
    public bool SameAs(ModelSet other) => ReferenceEquals(this, other) || Entries.AsSpan().SequenceEqual(other.Entries.AsSpan());
}
