using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Resilience;
using Polly.CircuitBreaker;
using Prometheus;

namespace BlazeGateway.Policies.Health;

/// <summary>One destination's series.</summary>
internal sealed class DestinationHealthMetrics
{
    private readonly string _cluster;
    private readonly string _destination;
    private readonly HealthMetrics _families;
    private readonly Gauge.Child[] _states;
    private readonly Gauge.Child _active;
    private readonly Gauge.Child _passive;
    private readonly Gauge.Child _effective;
    private readonly Gauge.Child _weight;
    private readonly Gauge.Child _cooling;
    private Counter.Child? _outranked;
    private readonly Gauge.Child?[] _circuits = new Gauge.Child?[CircuitStates.Count];
    private readonly Counter.Child?[] _probes = new Counter.Child?[ProbeFindings.Count];

    public DestinationHealthMetrics(string cluster, string destination, HealthMetrics families)
    {
        _cluster = cluster;
        _destination = destination;
        _families = families;
        _states = [.. Enumerable.Range(0, AvailabilityStates.Count).Select(state => families.State.Get(cluster, destination, ((AvailabilityState)state).Name()))];
        _active = families.Healthy.Get(cluster, destination, "active");
        _passive = families.Healthy.Get(cluster, destination, "passive");
        _effective = families.Healthy.Get(cluster, destination, "effective");
        _weight = families.Weight.Get(cluster, destination);
        _cooling = families.Cooling.Get(cluster, destination);
    }

    /// <summary>The state the series show.</summary>
    public AvailabilityState? Shown => Array.FindIndex(_states, state => state.Value > 0) is >= 0 and var index ? (AvailabilityState)index : null;

    /// <summary>The destination is watched from now on.</summary>
    public void Began(AvailabilityState state)
    {
        _states[(int)state].Inc();
        _weight.Set(1);
    }

    /// <summary>The state changed.</summary>
    public void Changed(AvailabilityState before, AvailabilityState after, AvailabilityReason reason)
    {
        _states[(int)before].Dec();
        _states[(int)after].Inc();
        _families.Transitions.Get(_cluster, _destination, after.Name()).Inc();
        if (after is AvailabilityState.Ejected or AvailabilityState.Wedged)
        {
            _families.Ejections.Get(_cluster, _destination, reason.Label()).Inc();
        }
    }

    /// <summary>The state of its circuit as the series show it; null while it has none.</summary>
    public CircuitState? ShownCircuit { get; private set; }

    /// <summary>The state of its circuit; null when it has none.</summary>
    public void Circuit(CircuitState? now)
    {
        if (now == ShownCircuit)
        {
            return;
        }

        if (ShownCircuit is { } before)
        {
            _circuits[(int)before]!.Dec();
            if (now is { } after)
            {
                _families.CircuitTransitions.Get(_cluster, _destination, after.Name()).Inc();
            }
        }

        if (now is { } shown)
        {
            for (var state = 0; state < _circuits.Length; state++)
            {
                _circuits[state] ??= _families.Circuit.Get(_cluster, _destination, ((CircuitState)state).Name());
            }

            _circuits[(int)shown]!.Inc();
        }

        ShownCircuit = now;
    }

    /// <summary>What came of it for the pick.</summary>
    public void Judged(bool isDead, bool isEjected, bool isCandidate)
    {
        _active.Set(isDead ? 0 : 1);
        _passive.Set(isEjected ? 0 : 1);
        _effective.Set(isCandidate ? 1 : 0);
    }

    /// <summary>Its weight now.</summary>
    public void Weigh(double weight) => _weight.Set(weight);

    /// <summary>How long it is still left alone.</summary>
    public void Cool(TimeSpan left) => _cooling.Set(left.TotalSeconds);

    /// <summary>A probe ended.</summary>
    public void Probed(ProbeFindingKind kind) =>
        (_probes[(int)kind] ??= _families.Probes.Get(_cluster, _destination, kind.Name())).Inc();

    /// <summary>A probe failed while bytes of answers came.</summary>
    public void Outranked() => (_outranked ??= _families.Outranked.Get(_cluster, _destination)).Inc();

    public void Retire()
    {
        _families.State.Remove(IsOurs);
        _families.Healthy.Remove(IsOurs);
        _families.Weight.Remove(IsOurs);
        _families.Cooling.Remove(IsOurs);
        _families.Transitions.Remove(IsOurs);
        _families.Ejections.Remove(IsOurs);
        _families.Probes.Remove(IsOurs);
        _families.Outranked.Remove(IsOurs);
        _families.Circuit.Remove(IsOurs);
        _families.CircuitTransitions.Remove(IsOurs);
    }

    private bool IsOurs(string[] labels) => labels[0] == _cluster && labels[1] == _destination;
}
