using System.Collections.Concurrent;
using Prometheus;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>The metrics of what destinations report. A gauge is there while its report is gone by; label sets beyond the cap are folded into <c>other</c>.</summary>
internal sealed class ReportMetrics
{
    private static readonly CounterConfiguration NoExemplar = new() { ExemplarBehavior = ExemplarBehavior.NoExemplars() };

    private readonly ConcurrentDictionary<ReportSeries, (Func<ReportedLoad?> Report, Func<TimeSpan> Now)> _watched = new();

    public ReportMetrics(CollectorRegistry registry, int seriesLimit)
    {
        var factory = Metrics.WithCustomRegistry(registry);

        // Registered by the request metrics too, and the same counter.
        var overflow = factory.CreateCounter("blaze_metric_label_overflow_total", "Label sets folded into other because a metric was at its cap.", ["label"], NoExemplar)
            .WithLabels("destination");
        BoundedSeries<Gauge.Child> Gauges(string name, string help) => new(factory.CreateGauge(name, help, "cluster", "destination"), seriesLimit, overflow);
        Waiting = Gauges("blaze_destination_reported_waiting", "Requests that wait in a model server, as it reports.");
        Running = Gauges("blaze_destination_reported_running", "Requests that a model server works on, as it reports.");
        CacheUse = Gauges("blaze_destination_reported_kv_cache_usage", "Part of a model server's KV cache in use, as it reports.");
        Age = Gauges("blaze_destination_report_age_seconds", "Age of the newest report of a model server.");
        Reports = new(
            factory.CreateCounter("blaze_destination_reports_total", "Questions for the load of model servers, by what came of them.", ["cluster", "destination", "outcome"], NoExemplar), seriesLimit, overflow);
        registry.AddBeforeCollectCallback(() =>
        {
            foreach (var (series, (report, now)) in _watched)
            {
                series.Show(report(), now());
            }
        });
    }

    public BoundedSeries<Gauge.Child> Waiting { get; }

    public BoundedSeries<Gauge.Child> Running { get; }

    public BoundedSeries<Gauge.Child> CacheUse { get; }

    public BoundedSeries<Gauge.Child> Age { get; }

    public BoundedSeries<Counter.Child> Reports { get; }

    /// <summary>Publishes what a destination reports when it is asked for.</summary>
    public ReportSeries Watch(string cluster, string destination, Func<ReportedLoad?> report, Func<TimeSpan> now)
    {
        var series = new ReportSeries(cluster, destination, this);
        _watched[series] = (report, now);
        return series;
    }

    /// <summary>Drops the series of a destination that is not asked any more.</summary>
    public void Retire(ReportSeries series)
    {
        _watched.TryRemove(series, out _);
        series.Retire();
    }
}

/// <summary>One destination's series.</summary>
internal sealed class ReportSeries(string cluster, string destination, ReportMetrics families)
{
    private readonly Gauge.Child _waiting = families.Waiting.Get(cluster, destination);
    private readonly Gauge.Child _running = families.Running.Get(cluster, destination);
    private readonly Gauge.Child _cacheUse = families.CacheUse.Get(cluster, destination);
    private readonly Gauge.Child _age = families.Age.Get(cluster, destination);
    private readonly Counter.Child?[] _reports = new Counter.Child?[ReportOutcomes.Count];

    /// <summary>A question ended.</summary>
    public void Count(ReportOutcome outcome) => (_reports[(int)outcome] ??= families.Reports.Get(cluster, destination, outcome.Name())).Inc();

    /// <summary>Shows <paramref name="report"/> as it is gone by at <paramref name="now"/>.</summary>
    public void Show(ReportedLoad? report, TimeSpan now)
    {
        var facts = report?.Facts;
        Set(_waiting, report?.TellsRequests(now) == true ? facts!.Waiting : null);
        Set(_running, report?.TellsRequests(now) == true ? facts!.Running : null);
        Set(_cacheUse, report?.TellsCache(now) == true ? facts!.CacheUse : null);
        Set(_age, report is null ? null : Math.Max(0, (now - report.TakenAt).TotalSeconds));
    }

    /// <summary>Removes them.</summary>
    public void Retire()
    {
        families.Waiting.Remove(IsOurs);
        families.Running.Remove(IsOurs);
        families.CacheUse.Remove(IsOurs);
        families.Age.Remove(IsOurs);
        families.Reports.Remove(IsOurs);
    }

    private static void Set(Gauge.Child gauge, double? value)
    {
        if (value is { } known)
        {
            gauge.Set(known);
            gauge.Publish();
        }
        else
        {
            gauge.Unpublish();
        }
    }

    private bool IsOurs(string[] labels) => labels[0] == cluster && labels[1] == destination;
}
