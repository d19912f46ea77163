using Prometheus;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Every metric the pipeline writes: name, help, labels, buckets.</summary>
internal sealed class RequestMetricFamilies
{
    private static readonly CounterConfiguration NoExemplar = new() { ExemplarBehavior = ExemplarBehavior.NoExemplars() };
    private readonly MetricFactory _factory;
    private readonly int _limit;

    public RequestMetricFamilies(CollectorRegistry registry, int limit)
    {
        _factory = Metrics.WithCustomRegistry(registry);
        _limit = limit;
        Overflow = _factory.CreateCounter("blaze_metric_label_overflow_total", "Label sets folded into other because a metric was at its cap.", ["label"], NoExemplar);
        HttpDuration = Histogram("http_server_request_duration_seconds", "Duration of HTTP requests, from arrival to the last byte.", MetricBuckets.Http, "http_route", "http_request_method", "http_route", "http_response_status_code");
        Active = _factory.CreateGauge("http_server_active_requests", "HTTP requests in flight.", ["http_request_method"]);
        ModelDuration = Histogram("gen_ai_server_request_duration_seconds", "Duration of model requests.", MetricBuckets.ModelDuration, "gen_ai_request_model", "gen_ai_operation_name", "gen_ai_request_model", "gen_ai_provider_name", "cluster", "error_type");
        FirstToken = Histogram("gen_ai_server_time_to_first_token_seconds", "Time to the first content of a successful stream.", MetricBuckets.FirstToken, "gen_ai_request_model", "gen_ai_operation_name", "gen_ai_request_model", "gen_ai_provider_name", "cluster");
        PerToken = Histogram("gen_ai_server_time_per_output_token_seconds", "Time per output token after the first of a successful stream.", MetricBuckets.PerToken, "gen_ai_request_model", "gen_ai_operation_name", "gen_ai_request_model", "gen_ai_provider_name", "cluster");
        Tokens = Histogram("gen_ai_client_token_usage", "Tokens of a request.", MetricBuckets.Tokens, "gen_ai_request_model", "gen_ai_operation_name", "gen_ai_request_model", "gen_ai_provider_name", "gen_ai_token_type", "cluster");
        Overhead = _factory.CreateHistogram("blaze_proxy_overhead_seconds", "The gateway's own time, by stage.", ["stage"], Configuration(MetricBuckets.Overhead));
        Requests = Counter("blaze_requests_total", "Requests by how they ended.", "route", "route", "cluster", "outcome");
        Disconnects = Counter("blaze_client_disconnects_total", "Clients that left before their answer was complete.", "route", "route");
        InFlight = new(_factory.CreateGauge("blaze_destination_requests_in_flight", "Requests sent to a destination and not finished.", ["cluster", "destination"]), limit, Overflow.WithLabels("destination"));
        Attempts = Counter("blaze_destination_requests_total", "Attempts on a destination by how they ended.", "destination", "cluster", "destination", "result");
        AttemptDuration = Histogram("blaze_destination_request_duration_seconds", "Duration of attempts on a destination.", MetricBuckets.Http, "destination", "cluster", "destination");
        Decisions = Counter("blaze_loadbalancer_decisions_total", "Picks by strategy and destination.", "destination", "cluster", "strategy", "destination");
        Picks = Histogram("blaze_loadbalancer_pick_duration_seconds", "Time a pick took.", MetricBuckets.Overhead, "strategy", "strategy");
        LimitDecisions = Counter("blaze_ratelimit_decisions_total", "Requests by what a limit of their route decided.", "route", "route", "limit", "decision");
        Partitions = _factory.CreateGauge("blaze_ratelimit_partitions", "Clients and routes whose permits are counted.");
        PartitionEvictions = _factory.CreateCounter("blaze_ratelimit_partition_evictions_total", "Partitions with nothing in flight that made room for others.", [], NoExemplar);
        PartitionOverflows = _factory.CreateCounter("blaze_ratelimit_partition_overflows_total", "Times a client had to share a partition because there was no room.", [], NoExemplar);
        Retries = Counter("blaze_retries_total", "Attempts beyond the first of a request, by their cause and by whether they were made.", "cluster", "cluster", "reason", "result");
        Continuations = Counter("blaze_stream_continuations_total", "Streams that broke off and might have gone on from another destination, by what came of it.", "cluster", "cluster", "result");
        Shed = Counter("blaze_admission_shed_total", "Requests refused because their cluster was full, by priority and by why they did not wait any longer.", "cluster", "cluster", "band", "reason");
        QueueDepth = new(_factory.CreateGauge("blaze_queue_depth_requests", "Requests that wait for their cluster.", ["cluster", "band"]), limit, Overflow.WithLabels("cluster"));
        QueueWait = Histogram("blaze_queue_wait_seconds", "Time requests waited that were served after it.", MetricBuckets.FirstToken, "cluster", "cluster", "band");
        MemoryShed = _factory.CreateCounter("blaze_memory_shed_total", "Requests refused because memory was short.", [], NoExemplar);
        Upgraded = _factory.CreateGauge("blaze_upgraded_connections", "Connections switched to another protocol, such as WebSocket.");
        BufferedBytes = _factory.CreateGauge("blaze_buffered_body_bytes", "Request body bytes held in memory.");
    }

    public Counter Overflow { get; }

    public BoundedSeries<Histogram.Child> HttpDuration { get; }

    public Gauge Active { get; }

    public BoundedSeries<Histogram.Child> ModelDuration { get; }

    public BoundedSeries<Histogram.Child> FirstToken { get; }

    public BoundedSeries<Histogram.Child> PerToken { get; }

    public BoundedSeries<Histogram.Child> Tokens { get; }

    public Histogram Overhead { get; }

    public BoundedSeries<Counter.Child> Requests { get; }

    public BoundedSeries<Counter.Child> Disconnects { get; }

    public BoundedSeries<Gauge.Child> InFlight { get; }

    public BoundedSeries<Counter.Child> Attempts { get; }

    public BoundedSeries<Histogram.Child> AttemptDuration { get; }

    public BoundedSeries<Counter.Child> Decisions { get; }

    public BoundedSeries<Histogram.Child> Picks { get; }

    public BoundedSeries<Counter.Child> LimitDecisions { get; }

    public Gauge Partitions { get; }

    public Counter PartitionEvictions { get; }

    public Counter PartitionOverflows { get; }

    public BoundedSeries<Counter.Child> Retries { get; }

    public BoundedSeries<Counter.Child> Continuations { get; }

    public BoundedSeries<Counter.Child> Shed { get; }

    public BoundedSeries<Gauge.Child> QueueDepth { get; }

    public BoundedSeries<Histogram.Child> QueueWait { get; }

    public Counter MemoryShed { get; }

    public Gauge Upgraded { get; }

    public Gauge BufferedBytes { get; }

    /// <summary>Drops the series of these models.</summary>
    public void RemoveModels(IReadOnlyCollection<string> models)
    {
        foreach (var family in new[] { ModelDuration, FirstToken, PerToken, Tokens })
        {
            family.Remove(labels => models.Contains(labels[1], StringComparer.Ordinal));
        }
    }

    private static HistogramConfiguration Configuration(double[] buckets) => new() { Buckets = buckets, ExemplarBehavior = ExemplarBehavior.NoExemplars() };

    private BoundedSeries<Histogram.Child> Histogram(string name, string help, double[] buckets, string growing, params string[] labels) =>
        new(_factory.CreateHistogram(name, help, labels, Configuration(buckets)), _limit, Overflow.WithLabels(growing));

    private BoundedSeries<Counter.Child> Counter(string name, string help, string growing, params string[] labels) =>
        new(_factory.CreateCounter(name, help, labels, NoExemplar), _limit, Overflow.WithLabels(growing));
}
