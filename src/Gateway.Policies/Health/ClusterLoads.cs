using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Health;

/// <summary>A number that goes up with each pick of a cluster and stays when its candidates change. Begins anywhere, so that gateways do not go round in step.</summary>
internal sealed class TurnCounter(Chance chance)
{
    private int _value = (int)(chance.Next() * int.MaxValue);

    /// <summary>The number; strategies add to it.</summary>
    public ref int Value => ref _value;
}

/// <summary>A place for what strategies compute once and keep: one value of each type.</summary>
internal sealed class Kept
{
    private readonly Lock _making = new();
    private object[] _values = [];

    /// <summary>The value of this type; made the first time.</summary>
    public T Get<T>(Func<ClusterLoads, T> make, ClusterLoads loads)
        where T : class => Find<T>() ?? Make(make, loads);

    /// <summary>The value of this type; null when nobody made one.</summary>
    public T? Find<T>()
        where T : class
    {
        foreach (var value in Volatile.Read(ref _values))
        {
            if (value is T kept)
            {
                return kept;
            }
        }

        return null;
    }

    private T Make<T>(Func<ClusterLoads, T> make, ClusterLoads loads)
        where T : class
    {
        // A ring of many destinations takes milliseconds; one thread makes it, those that come meanwhile wait.
        lock (_making)
        {
            if (Find<T>() is { } made)
            {
                return made;
            }

            var value = make(loads);
            Volatile.Write(ref _values, [.. _values, value]);
            return value;
        }
    }
}

/// <summary>What a cluster remembers as long as there is one of its name.</summary>
/// <param name="chance">Where its turn begins.</param>
internal sealed class ClusterMemory(Chance chance)
{
    /// <summary>The turn of round robin.</summary>
    public TurnCounter Turn { get; } = new(chance);

    /// <summary>The turn of weighted round robin, whose round has another length.</summary>
    public TurnCounter WeightedTurn { get; } = new(chance);

    /// <summary>Told when a destination has more room.</summary>
    public RoomSignal Room { get; } = new();

    /// <summary>How many tokens requests have, by model.</summary>
    public ByModel<TokenEstimates> Tokens { get; } = new(static () => new TokenEstimates(), static tokens => !tokens.HasLearned);

    /// <summary>What strategies learned.</summary>
    public Kept Learned { get; } = new();
}

/// <summary>What holds for a cluster as long as its configuration does, whichever of its destinations are candidates.</summary>
/// <param name="Options">What the cluster says of its strategy.</param>
/// <param name="Memory">What outlives a configuration.</param>
/// <param name="Loads">Loads of all destinations.</param>
internal sealed record ClusterShape(ClusterExtensions Options, ClusterMemory Memory, DestinationLoad[] Loads)
{
    /// <summary>What a strategy computed of all destinations.</summary>
    public Kept Kept { get; } = new();
}

/// <summary>The loads of a cluster's destinations as strategies read them. Immutable but for the loads themselves.</summary>
/// <param name="shape">What holds whichever destinations are candidates.</param>
/// <param name="places">Where among all destinations each candidate stands.</param>
internal sealed class ClusterLoads(ClusterShape shape, int[] places)
{
    private readonly DestinationLoad[] _candidates = Array.ConvertAll(places, place => shape.Loads[place]);
    private readonly Kept _kept = new();

    /// <summary>What hashing goes by.</summary>
    public HashOptions Hash => shape.Options.Hash;

    /// <summary>What <c>Adaptive</c> may try.</summary>
    public AdaptiveOptions Adaptive => shape.Options.Adaptive;

    /// <summary>Whether <paramref name="load"/>, of one of the cluster's candidates, has room for a request, or one may wait for it.</summary>
    public bool MayTake(DestinationLoad load) => load.IsOpen || (shape.Options.Admission.QueueLimit > 0 && load is { Weight: > 0, IsCooling: false });

    /// <summary>The cluster's turn.</summary>
    public TurnCounter Turn => shape.Memory.Turn;

    /// <summary>The turn of weighted round robin.</summary>
    public TurnCounter WeightedTurn => shape.Memory.WeightedTurn;

    /// <summary>How many tokens requests have, by model.</summary>
    public ByModel<TokenEstimates> Tokens => shape.Memory.Tokens;

    /// <summary>Loads of all destinations, candidates or not.</summary>
    public ReadOnlySpan<DestinationLoad> All => shape.Loads;

    /// <summary>Loads of the candidates, in their order.</summary>
    public ReadOnlySpan<DestinationLoad> Candidates => _candidates;

    /// <summary>Where among <see cref="All"/> each candidate stands.</summary>
    public ReadOnlySpan<int> Places => places;

    /// <summary>What a strategy computed of these candidates; made by <paramref name="make"/> the first time.</summary>
    public T Keep<T>(Func<ClusterLoads, T> make)
        where T : class => _kept.Get(make, this);

    /// <summary>The same of all destinations; kept until the configuration of the cluster changes.</summary>
    public T KeepOfAll<T>(Func<ClusterLoads, T> make)
        where T : class => shape.Kept.Get(make, this);

    /// <summary>What a strategy learned, kept as long as there is a cluster of this name.</summary>
    public T Learned<T>(Func<ClusterLoads, T> make)
        where T : class => shape.Memory.Learned.Get(make, this);
}
