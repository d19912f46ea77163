using System.Collections.Concurrent;
using Prometheus;

namespace BlazeGateway.Policies.Health;

/// <summary>The metrics of availability. Label sets beyond the cap are folded into <c>other</c>, whose gauges then count destinations.</summary>
internal sealed class HealthMetrics
{
    private static readonly CounterConfiguration NoExemplar = new() { ExemplarBehavior = ExemplarBehavior.NoExemplars() };

    private readonly ConcurrentDictionary<DestinationHealthMetrics, (Func<double> Weight, Func<TimeSpan> Cooling)> _watched = new();

    public HealthMetrics(CollectorRegistry registry, int seriesLimit)
    {
        var factory = Metrics.WithCustomRegistry(registry);

        // Registered by the request metrics too, and the same counter.
        var overflow = factory.CreateCounter("blaze_metric_label_overflow_total", "Label sets folded into other because a metric was at its cap.", ["label"], NoExemplar)
            .WithLabels("destination");
        BoundedSeries<Gauge.Child> Gauges(string name, string help, params string[] labels) => new(factory.CreateGauge(name, help, labels), seriesLimit, overflow);
        BoundedSeries<Counter.Child> Counters(string name, string help, params string[] labels) => new(factory.CreateCounter(name, help, labels, NoExemplar), seriesLimit, overflow);
        State = Gauges("blaze_destination_state", "1 for the state a destination is in, 0 for the others.", "cluster", "destination", "state");
        Healthy = Gauges("blaze_destination_healthy", "Whether a destination passes its probes, its requests, and may be picked.", "cluster", "destination", "check");
        Weight = Gauges("blaze_destination_weight_ratio", "Part of its ordinary share a destination gets while it is eased in.", "cluster", "destination");
        Cooling = Gauges("blaze_destination_cooling_seconds", "Seconds a destination that limits its rate is still left alone; 0 for the others.", "cluster", "destination");
        Transitions = Counters("blaze_destination_transitions_total", "Changes of state.", "cluster", "destination", "to");
        Ejections = Counters("blaze_destination_ejections_total", "Ejections by their cause.", "cluster", "destination", "reason");
        Probes = Counters("blaze_health_probes_total", "Probes of destinations by what they found.", "cluster", "destination", "result");
        Outranked = Counters("blaze_health_probes_outranked_total", "Failed probes that did not count, because bytes of answers came meanwhile.", "cluster", "destination");
        Circuit = Gauges("blaze_circuit_breaker_state", "1 for the state the circuit of a destination is in, 0 for the others.", "cluster", "destination", "state");
        CircuitTransitions = Counters("blaze_circuit_breaker_transitions_total", "Changes of state of circuits.", "cluster", "destination", "to");
        registry.AddBeforeCollectCallback(() =>
        {
            foreach (var (metrics, (weight, cooling)) in _watched)
            {
                metrics.Weigh(weight());
                metrics.Cool(cooling());
            }
        });
    }

    public BoundedSeries<Gauge.Child> State { get; }

    public BoundedSeries<Gauge.Child> Healthy { get; }

    public BoundedSeries<Gauge.Child> Weight { get; }

    public BoundedSeries<Gauge.Child> Cooling { get; }

    public BoundedSeries<Counter.Child> Transitions { get; }

    public BoundedSeries<Counter.Child> Ejections { get; }

    public BoundedSeries<Counter.Child> Probes { get; }

    public BoundedSeries<Counter.Child> Outranked { get; }

    public BoundedSeries<Gauge.Child> Circuit { get; }

    public BoundedSeries<Counter.Child> CircuitTransitions { get; }

    /// <summary>Publishes the weight, and how long it is left alone, when they are asked for.</summary>
    public void Watch(DestinationHealthMetrics metrics, Func<double> weight, Func<TimeSpan> cooling) => _watched[metrics] = (weight, cooling);

    /// <summary>Drops the series of a destination that left the configuration.</summary>
    public void Retire(DestinationHealthMetrics metrics)
    {
        _watched.TryRemove(metrics, out _);
        metrics.Retire();
    }
}
