using System.Runtime.InteropServices;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// Draws an index with a chance proportional to its weight, in the same time however many there are (Walker's alias method, built as Vose does).
/// Immutable: built once for a set of candidates. Equal weights, also all 0, need no table.
/// </summary>
internal sealed class AliasTable
{
    private readonly Column[]? _columns;

    private AliasTable(int count, Column[]? columns) => (Count, _columns) = (count, columns);

    /// <summary>How many there are to draw from.</summary>
    public int Count { get; }

    /// <summary>A table of the configured weights. Easing in moves on from pick to pick, so it is left to the draw.</summary>
    public static AliasTable Of(ReadOnlySpan<DestinationLoad> destinations)
    {
        var weights = new double[destinations.Length];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = destinations[i].Weight;
        }

        return Of(weights);
    }

    /// <param name="weights">One for each index, none below 0; an index with 0 beside others is never drawn.</param>
    public static AliasTable Of(ReadOnlySpan<double> weights) =>
        new(weights.Length, weights.IsEmpty || weights.IndexOfAnyExcept(weights[0]) < 0 ? null : Fill(weights));

    /// <summary>An index from 0 to below <see cref="Count"/>.</summary>
    public int Draw(Chance chance)
    {
        var place = chance.Next() * Count;
        var index = (int)place;
        return _columns is null || place - index < _columns[index].Share ? index : _columns[index].Other;
    }

    private static Column[] Fill(ReadOnlySpan<double> weights)
    {
        var total = 0.0;
        foreach (var weight in weights)
        {
            total += weight;
        }

        var columns = new Column[weights.Length];
        var (few, many) = (new Stack<int>(), new Stack<int>());
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = new Column(weights[i] / total * columns.Length, i);
            (columns[i].Share < 1 ? few : many).Push(i);
        }

        while (few.Count > 0 && many.TryPop(out var giver))
        {
            var taker = few.Pop();
            columns[taker] = columns[taker] with { Other = giver };
            columns[giver] = columns[giver] with { Share = columns[giver].Share - (1 - columns[taker].Share) };
            (columns[giver].Share < 1 ? few : many).Push(giver);
        }

        return columns;
    }

    /// <summary>The index itself has <paramref name="Share"/> of its column, <paramref name="Other"/> the rest.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Column(double Share, int Other);
}
