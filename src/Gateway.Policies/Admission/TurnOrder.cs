namespace BlazeGateway.Policies.Admission;

/// <summary>Somebody's place among all that wait with requests of one kind.</summary>
internal abstract class KindTurn
{
    /// <summary>Where its turn starts.</summary>
    public double Start { get; private set; }

    /// <summary>Of one start the lower goes first: the order of the request that is its first.</summary>
    public long Order { get; private set; }

    /// <summary>Whether it has a place.</summary>
    public bool IsPlaced { get; private set; }

    internal void Placed(double start, long order) => (Start, Order, IsPlaced) = (start, order, true);

    internal void Taken() => IsPlaced = false;
}

/// <summary>Turns by whose is next. What a turn's place goes by is changed between <see cref="Take"/> and <see cref="Put"/> only.</summary>
internal sealed class TurnOrder<T>
    where T : KindTurn
{
    private static readonly Comparer<T> Soonest = Comparer<T>.Create(static (one, other) =>
        one.Start != other.Start ? one.Start.CompareTo(other.Start) : one.Order.CompareTo(other.Order));

    private readonly SortedSet<T> _turns = new(Soonest);

    /// <summary>Whose turn is next.</summary>
    public T? First => _turns.Min;

    /// <summary>Whether nobody has a place.</summary>
    public bool IsEmpty => _turns.Count == 0;

    public static bool IsBefore(T one, T other) => Soonest.Compare(one, other) < 0;

    public void Put(T turn, double start, long order)
    {
        turn.Placed(start, order);
        _turns.Add(turn);
    }

    public void Take(T turn)
    {
        if (turn.IsPlaced)
        {
            _turns.Remove(turn);
            turn.Taken();
        }
    }
}
