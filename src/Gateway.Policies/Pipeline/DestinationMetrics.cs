using Prometheus;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>One destination's children.</summary>
public sealed class DestinationMetrics
{
    private static readonly string[] Results = ["ok", "error", "timeout", "canceled"];
    private readonly Lock _gate = new();
    private readonly string _cluster;
    private readonly string _destination;
    private readonly RequestMetricFamilies _families;
    private readonly double _secondsPerTick;
    private readonly Gauge.Child _inFlight;
    private readonly Counter.Child[] _attempts;
    private readonly Histogram.Child _duration;
    private StrategyPicks[] _strategies = [];
    private bool _retired;

    internal DestinationMetrics(string cluster, string destination, RequestMetricFamilies families, double secondsPerTick)
    {
        _cluster = cluster;
        _destination = destination;
        _families = families;
        _secondsPerTick = secondsPerTick;
        _inFlight = families.InFlight.Get(cluster, destination);
        _attempts = [.. Results.Select(result => families.Attempts.Get(cluster, destination, result))];
        _duration = families.AttemptDuration.Get(cluster, destination);
    }

    /// <summary>The strategy chose this destination; the pick took <paramref name="ticks"/> of the time provider.</summary>
    public void Picked(string strategy, long ticks)
    {
        foreach (var known in Volatile.Read(ref _strategies))
        {
            if (known.Strategy == strategy)
            {
                known.Decisions.Inc();
                known.Duration.Observe(ticks * _secondsPerTick);
                return;
            }
        }

        if (Add(strategy) is { } added)
        {
            added.Decisions.Inc();
            added.Duration.Observe(ticks * _secondsPerTick);
        }
    }

    /// <summary>An attempt went to the destination.</summary>
    public void Sent() => _inFlight.Inc();

    /// <summary>An attempt ended after <paramref name="ticks"/> of the time provider. Called once for each <see cref="Sent"/>.</summary>
    public void Finished(AttemptResult result, long ticks)
    {
        _inFlight.Dec();
        _attempts[(int)result].Inc();
        _duration.Observe(ticks * _secondsPerTick);
    }

    internal void Retire()
    {
        lock (_gate)
        {
            _retired = true;
            _families.InFlight.Remove(IsOurs);
            _families.Attempts.Remove(IsOurs);
            _families.AttemptDuration.Remove(IsOurs);
            _families.Decisions.Remove(labels => labels[0] == _cluster && labels[2] == _destination);
        }
    }

    private bool IsOurs(string[] labels) => labels[0] == _cluster && labels[1] == _destination;

    private StrategyPicks? Add(string strategy)
    {
        lock (_gate)
        {
            var known = Array.Find(_strategies, s => s.Strategy == strategy);
            if (known is null && !_retired)
            {
                known = new StrategyPicks(strategy, _families.Decisions.Get(_cluster, strategy, _destination), _families.Picks.Get(strategy));
                Volatile.Write(ref _strategies, [.. _strategies, known]);
            }

            return known;
        }
    }

    private sealed record StrategyPicks(string Strategy, Counter.Child Decisions, Histogram.Child Duration);
}
