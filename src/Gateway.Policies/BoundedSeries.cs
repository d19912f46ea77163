using Prometheus;

namespace BlazeGateway.Policies;

/// <summary>
/// One metric with a cap on its label sets. The set beyond the cap is the one whose every label is <c>other</c>, and is counted.
/// Meant for the slow path: callers keep the child they get.
/// </summary>
internal sealed class BoundedSeries<TChild>(Collector<TChild> family, int limit, Counter.Child overflow)
    where TChild : ChildBase
{
    private const string Other = "other";

    private readonly Lock _gate = new();
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public TChild Get(params string[] labels)
    {
        lock (_gate)
        {
            var key = Key(labels);
            if (_known.Contains(key))
            {
                return family.WithLabels(labels);
            }

            if (_known.Count >= limit)
            {
                overflow.Inc();
                return family.WithLabels([.. labels.Select(_ => Other)]);
            }

            _known.Add(key);
            return family.WithLabels(labels);
        }
    }

    /// <summary>Removes every label set that satisfies <paramref name="leaves"/> and makes room for as many others. The one beyond the cap stays.</summary>
    public void Remove(Func<string[], bool> leaves)
    {
        lock (_gate)
        {
            foreach (var labels in family.GetAllLabelValues().Where(leaves).Where(labels => _known.Remove(Key(labels))).ToList())
            {
                family.RemoveLabelled(labels);
            }
        }
    }

    private static string Key(string[] labels) => string.Join('\u001f', labels);
}
