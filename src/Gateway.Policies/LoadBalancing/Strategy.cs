using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// A strategy as YARP sees it. In the gateway's own pipeline the attempt reserves a place on what was picked and tells how it went; in another one
/// <see cref="RequestPlace"/> does. Where YARP passes the strategy over, because there is one destination only, nothing is reserved and nothing given back.
/// </summary>
internal abstract class Strategy(string name, AvailabilityRegistry availability) : ILoadBalancingPolicy
{
    /// <summary>How often a pick is made again when others took the last place of what was picked meanwhile.</summary>
    public const int MostTries = 8;

    [ThreadStatic]
    private static DestinationLoad[]? _narrowed;

    /// <inheritdoc />
    public string Name { get; } = name;

    /// <summary>Whether it goes by the beginnings of prompts in a cluster of these options.</summary>
    public virtual bool WantsPrefix(ClusterExtensions options) => false;

    /// <summary>Whether it goes by what conversations begin with in a cluster of these options.</summary>
    public virtual bool WantsOpening(ClusterExtensions options) => false;

    /// <summary>The clock that what is learned of destinations is stamped by.</summary>
    protected TimeSpan Now => availability.Clock;

    /// <summary>Chance for ties and draws.</summary>
    protected Chance Chance => availability.Chance;

    /// <inheritdoc />
    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        var place = new RequestPlace(context, availability);
        for (var tries = 0; tries < MostTries; tries++)
        {
            if (Pick(new PickRequest(context, default, ref place.Note), cluster, availableDestinations) is not { } picked)
            {
                return null;
            }

            if (place.TryTake(availability.Of(picked)))
            {
                return picked;
            }
        }

        return null;
    }

    /// <summary>The destination, without a place on it; null when none has a weight and room.</summary>
    public DestinationState? Pick(in PickRequest request, ClusterState cluster, IReadOnlyList<DestinationState> candidates)
    {
        if (candidates.Count == 0)
        {
            return null;
        }

        if (cluster.DestinationsState.AvailableDestinations is CandidateSet { Slow.IsEmpty: false } easing)
        {
            Ease(easing);
        }

        if (candidates is CandidateSet set)
        {
            return Pick(request, candidates, new Candidates(set.Loads.Candidates, set.Loads, isWhole: true));
        }

        // Some of them, because of affinity or of what each serves.
        var loads = Loads(candidates);
        var whole = (cluster.DestinationsState.AvailableDestinations as CandidateSet)?.Loads;
        return Pick(request, candidates, new Candidates(loads, whole, isWhole: false));
    }

    /// <summary>Index of the candidate to pick, −1 when none has a weight and room.</summary>
    internal abstract int Choose(in PickRequest request, in Candidates candidates);

    /// <summary>Whether the turn of a destination that is eased in is taken; otherwise the next one in turn has its own, and each gets its part.</summary>
    protected bool Stands(DestinationLoad picked) => picked.Ease >= 1 || Chance.Next() < picked.Ease;

    /// <summary>Fills <paramref name="places"/> with the indices of all candidates, or with <paramref name="drawn"/> drawn by even chance where there are too many, and returns how many. Costs are divided by weight, which must not count twice.</summary>
    protected int Places(in Candidates candidates, Span<int> places, int drawn)
    {
        var isMany = candidates.Loads.Length > places.Length;
        var count = isMany ? drawn : candidates.Loads.Length;
        for (var i = 0; i < count; i++)
        {
            places[i] = isMany ? (int)(Chance.Next() * candidates.Loads.Length) : i;
        }

        return count;
    }

    private DestinationState? Pick(in PickRequest request, IReadOnlyList<DestinationState> destinations, in Candidates candidates)
    {
        var record = request.Record;
        record?.Begin(candidates.Loads.Length);
        var index = Choose(request, candidates);
        record?.Chose(candidates.Loads, index);
        if (request.IsFollowed)
        {
            request.Note.Among = candidates.Loads.Length;
        }

        return index < 0 ? null : destinations[index];
    }

    private static void Ease(CandidateSet set)
    {
        foreach (var slow in set.Slow)
        {
            slow.Load.Ease = slow.Weight;
        }
    }

    private ReadOnlySpan<DestinationLoad> Loads(IReadOnlyList<DestinationState> candidates)
    {
        if (_narrowed is not { } room || room.Length < candidates.Count)
        {
            _narrowed = room = new DestinationLoad[Math.Max(64, 2 * candidates.Count)];
        }

        for (var i = 0; i < candidates.Count; i++)
        {
            room[i] = availability.Of(candidates[i]).Load;
        }

        return room.AsSpan(0, candidates.Count);
    }
}

/// <summary>Whom a strategy picks among.</summary>
internal readonly ref struct Candidates
{
    /// <param name="loads">Their loads.</param>
    /// <param name="cluster">Loads of the cluster; null for one the gateway does not keep.</param>
    /// <param name="isWhole">Whether they are all candidates of the cluster.</param>
    public Candidates(ReadOnlySpan<DestinationLoad> loads, ClusterLoads? cluster, bool isWhole)
    {
        Loads = loads;
        Cluster = cluster;
        IsWhole = isWhole;
    }

    /// <summary>Their loads, in their order.</summary>
    public ReadOnlySpan<DestinationLoad> Loads { get; }

    /// <summary>Loads of the cluster.</summary>
    public ClusterLoads? Cluster { get; }

    /// <summary>Whether they are all candidates of the cluster, so that what was computed of those holds.</summary>
    public bool IsWhole { get; }
}
