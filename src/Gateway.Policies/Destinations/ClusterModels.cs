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
        var serving = destinations.Where(d => d.IsServing).ToArray();
        IsServing = serving.Length > 0;
        Served = Union(serving);
        _known = Union(destinations);
        ServingUnlisted = serving.Any(d => d.Status.Models is null);
        IsUnlisted = destinations.Any(d => d.Status.Models is null && !(IsServing && !d.IsAvailable));
        IsUniform = destinations.All(d => d.Status.Answer != DestinationAnswer.Unauthorized)
            && (destinations.All(d => d.Status.Models is null) || destinations.All(d => d.Status.Models is { } models && models.Names.SetEquals(_known.Names)));
    }

    /// <summary>Cluster id.</summary>
    public string Id { get; }

    /// <summary>Kind of the model server.</summary>
    public string Kind { get; }

    /// <summary>The destinations, by id.</summary>
    public ImmutableArray<DestinationListing> Destinations { get; }

    /// <summary>Whether a destination may be counted on.</summary>
    public bool IsServing { get; }

    /// <summary>What the available destinations serve, sorted by name.</summary>
    public ModelSet Served { get; }

    /// <summary>Names any destination was ever told to serve, whether it is available now or not.</summary>
    public ModelSet Known => _known;

    /// <summary>Whether an available destination does not tell its models.</summary>
    public bool ServingUnlisted { get; }

    /// <summary>
    /// Whether a destination that may serve has not told its models, so that no name can be called unknown.
    /// One that is out and never told them does not count while another serves.
    /// </summary>
    public bool IsUnlisted { get; }

    /// <summary>Whether every destination serves the same and refuses no credential, so that a pick need not look at the model.</summary>
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

    private static ModelSet Union(IEnumerable<DestinationListing> destinations) =>
        ModelSet.From(destinations.SelectMany(d => d.Status.Models?.Entries ?? []));
}

/// <summary>A destination in a <see cref="ClusterModels"/>.</summary>
/// <param name="Id">Destination id.</param>
/// <param name="Address">Address without user or query.</param>
/// <param name="Status">What is known of it.</param>
/// <param name="IsAvailable">Whether requests may be sent to it.</param>
internal sealed record DestinationListing(string Id, string Address, DestinationStatus Status, bool IsAvailable)
{
    /// <summary>Whether it may be counted on: it is available, and told its models at some time. A list that fails now takes nothing back.</summary>
    public bool IsServing => IsAvailable
        && (Status.Answer == DestinationAnswer.Answering || (Status is { Answer: DestinationAnswer.Unreachable or DestinationAnswer.Failing, Models: not null }));
}

/// <summary>What is known of a model in a cluster.</summary>
internal enum ModelStanding : byte
{
    /// <summary>Every destination told its models and none serves it: 404.</summary>
    Unknown,

    /// <summary>Not in any list, but some destination has not told its models: let it try.</summary>
    Unlisted,

    /// <summary>A destination serves it, but none that is available now.</summary>
    Known,

    /// <summary>An available destination serves it.</summary>
    Served,
}
