using System.Collections.Frozen;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>Requests of one key on one destination, as long as it has no more than its part; those without a key where there is least to do.</summary>
internal sealed class ConsistentHashStrategy(AvailabilityRegistry availability) : Strategy(Strategies.ConsistentHash, availability)
{
    /// <summary>Words of bits that fit on the stack: those of 16,384 destinations.</summary>
    private const int MostWords = 256;

    // Shared by all gateways, so that they place alike. Where the placement itself is to be a secret, the fleet will give one.
    private static readonly PlacementHash Hash = new(seed: 0);

    /// <inheritdoc />
    public override bool WantsOpening(ClusterExtensions options) => GoesByOpening(options);

    /// <summary>Whether the keys of a cluster are what conversations begin with.</summary>
    internal static bool GoesByOpening(ClusterExtensions options) => options.Hash.Keys.Contains(HashKeys.Prefix, StringComparer.Ordinal);

    /// <inheritdoc />
    internal override int Choose(in PickRequest request, in Candidates candidates)
    {
        if (candidates.Cluster is not { } cluster)
        {
            return LeastScan.Connections(candidates.Loads, Chance);
        }

        // As an arm of Adaptive, which has weighed the candidates, it says nothing.
        var record = request.Record is { IsWeighed: false } unweighed ? unweighed : null;
        var placed = cluster.KeepOfAll(static loads => new Placed(loads));
        if (!placed.Key.TryRead(request, out var key))
        {
            record?.Goes(DecisionRule.NoKey);
            return LeastScan.Connections(candidates.Loads, Chance);
        }

        if (candidates.IsWhole)
        {
            var whole = cluster.Keep(static loads => new Members(loads));
            var at = placed.Placement.Pick(key, cluster.All, whole.Bits);
            record?.Goes(at == placed.Placement.Home(key, cluster.All, whole.Bits) ? DecisionRule.Key : DecisionRule.NextInLine);
            return whole.Place(at);
        }

        Span<ulong> some = placed.Placement.Words <= MostWords ? stackalloc ulong[placed.Placement.Words] : new ulong[placed.Placement.Words];
        some.Clear();
        foreach (var load in candidates.Loads)
        {
            if (placed.Places.TryGetValue(load, out var place))
            {
                some[place >> 6] |= 1UL << place;
            }
        }

        var picked = placed.Placement.Pick(key, cluster.All, some);
        record?.Goes(picked == placed.Placement.Home(key, cluster.All, some) ? DecisionRule.Key : DecisionRule.NextInLine);
        return picked < 0 ? -1 : candidates.Loads.IndexOf(cluster.All[picked]);
    }

    /// <summary>Where all destinations of a cluster lie.</summary>
    private sealed class Placed(ClusterLoads loads)
    {
        public FrozenDictionary<DestinationLoad, int> Places { get; } = loads.All.ToArray().Select(static (load, place) => (load, place)).ToFrozenDictionary(static pair => pair.load, static pair => pair.place);

        public RequestKey Key { get; } = new(loads.Hash, Hash);

        public HashPlacement Placement { get; } = new(loads.All, Hash, loads.Hash.Bound);
    }

    /// <summary>Which of all destinations are candidates.</summary>
    private sealed class Members
    {
        private readonly int[] _candidates;

        public Members(ClusterLoads loads)
        {
            Bits = new ulong[(loads.All.Length + 63) / 64];
            _candidates = new int[loads.All.Length];
            for (var i = 0; i < loads.Places.Length; i++)
            {
                var place = loads.Places[i];
                Bits[place >> 6] |= 1UL << place;
                _candidates[place] = i;
            }
        }

        public ulong[] Bits { get; }

        /// <summary>Where among the candidates a destination stands.</summary>
        public int Place(int destination) => destination < 0 ? -1 : _candidates[destination];
    }
}
