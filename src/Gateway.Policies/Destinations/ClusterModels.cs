using System.Collections.Immutable;

namespace BlazeGateway.Policies.Destinations;

/// <summary>Which models a cluster serves, at one time.</summary>
internal sealed class ClusterModels
{
    private readonly ModelSet _known;

    public ClusterModels(string id, string kind, ImmutableArray<DestinationListing> destinations)
    {
        Id = id;
        Kind = kind;
        Destinations = destinations;
        var answering = destinations.Where(d => d.Status.Answer == DestinationAnswer.Answering).ToArray();
        IsAnswering = answering.Length > 0;
        AllAnswering = answering.Length == destinations.Length;
        Served = Union(answering);
        _known = Union(destinations);
        AnsweringUnlisted = answering.Any(d => d.Status.Models is null);
        IsUnlisted = destinations.Any(d => d.Status.Models is null && !(IsAnswering && IsDown(d.Status.Answer)));
        IsUniform = destinations.All(d => d.Status.Models is null)
            || destinations.All(d => d.Status.Models is { } models && models.Names.SetEquals(_known.Names));
    }

    /// <summary>Cluster id.</summary>
    public string Id { get; }

    /// <summary>Kind of the model server.</summary>
    public string Kind { get; }

    /// <summary>The destinations, by id.</summary>
    public ImmutableArray<DestinationListing> Destinations { get; }

    /// <summary>Whether a destination answers.</summary>
    public bool IsAnswering { get; }

    /// <summary>Whether every destination answers.</summary>
    public bool AllAnswering { get; }

    /// <summary>What the answering destinations serve, sorted by name.</summary>
    public ModelSet Served { get; }

    /// <summary>Names any destination was ever told to serve, whether it answers now or not.</summary>
    public ModelSet Known => _known;

    /// <summary>Whether an answering destination does not tell its models.</summary>
    public bool AnsweringUnlisted { get; }

    /// <summary>
    /// Whether a destination that may serve has not told its models, so that no name can be called unknown.
    /// One that is down and never told them does not count while another answers.
    /// </summary>
    public bool IsUnlisted { get; }

    /// <summary>Whether every destination serves the same, so that a pick need not look at the model.</summary>
    public bool IsUniform { get; }

    /// <summary>What is known of <paramref name="model"/> here.</summary>
    public ModelStanding Find(ReadOnlySpan<char> model)
    {
        if (Served.Contains(model))
        {
            return ModelStanding.Served;
        }

        if (_known.Contains(model))
        {
            return ModelStanding.Known;
        }

        return IsUnlisted ? ModelStanding.Unlisted : ModelStanding.Unknown;
    }

    private static bool IsDown(DestinationAnswer answer) => answer is DestinationAnswer.Unreachable or DestinationAnswer.Failing;

    private static ModelSet Union(IEnumerable<DestinationListing> destinations) =>
        ModelSet.From(destinations.SelectMany(d => d.Status.Models?.Entries ?? []));
}

/// <summary>A destination in a <see cref="ClusterModels"/>.</summary>
/// <param name="Id">Destination id.</param>
/// <param name="Address">Address without user or query.</param>
/// <param name="Status">What is known of it.</param>
internal sealed record DestinationListing(string Id, string Address, DestinationStatus Status);

/// <summary>What is known of a model in a cluster.</summary>
internal enum ModelStanding : byte
{
    /// <summary>Every destination told its models and none serves it: 404.</summary>
    Unknown,

    /// <summary>Not in any list, but some destination has not told its models: let it try.</summary>
    Unlisted,

    /// <summary>A destination serves it, but none that answers now.</summary>
    Known,

    /// <summary>A destination that answers serves it.</summary>
    Served,
}
