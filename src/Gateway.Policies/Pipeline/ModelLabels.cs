using Prometheus;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// The model names that metrics tell apart, over all clusters: those that came first, up to the limit. When the limit is reached, names that are offered
/// no longer make room. For the slow path only: whoever asks keeps the answer.
/// </summary>
/// <param name="limit">Most names held.</param>
/// <param name="isOffered">Whether a route or a destination offers a model of that name now.</param>
/// <param name="overflow">Counts names there was no room for.</param>
internal sealed class ModelLabels(int limit, Func<string, bool> isOffered, Counter.Child overflow)
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _held = new(StringComparer.Ordinal);

    /// <summary>The label for <paramref name="model"/>: its name, or <c>other</c>.</summary>
    /// <param name="model">Name from the configuration or from a destination.</param>
    /// <param name="gone">Names that made room; their series are to go.</param>
    public string Admit(string model, out IReadOnlyCollection<string> gone)
    {
        gone = [];
        lock (_gate)
        {
            if (model == MetricLabels.Other || _held.Contains(model))
            {
                return model;
            }

            if (_held.Count >= limit)
            {
                gone = [.. _held.Where(held => !isOffered(held))];
                _held.ExceptWith(gone);
            }

            if (_held.Count >= limit)
            {
                overflow.Inc();
                return MetricLabels.Other;
            }

            _held.Add(model);
            return model;
        }
    }
}
