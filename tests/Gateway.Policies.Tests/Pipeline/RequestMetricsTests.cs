using System.Text;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Tests.Pipeline;

public class RequestMetricsTests
{
    private static readonly FakeTimeProvider Time = new();
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly RequestMetrics _metrics;

    public RequestMetricsTests() => _metrics = new RequestMetrics(_registry, Time);

    internal static long Ticks(double seconds) => (long)(seconds * Time.TimestampFrequency);

    internal static AccessRecord Record(string method = "POST", int status = 200, Outcome outcome = Outcome.Ok, string? cluster = "llm") => new()
    {
        RequestId = "r",
        Method = method,
        Route = "chat",
        Cluster = cluster,
        Operation = Operation.ChatCompletions,
        Outcome = outcome,
        Stream = true,
        StatusCode = status,
        Duration = Ticks(2),
        BeforeForward = Ticks(20e-6),
        Pick = Ticks(5e-6),
        ToFirstContent = Ticks(0.5),
        Generation = Ticks(0.9),
        TokensIn = 100,
        TokensOut = 10,
    };

    private Task<string> ExposeAsync() => ExposeAsync(_registry);

    internal static async Task<string> ExposeAsync(CollectorRegistry registry)
    {
        using var stream = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Fact]
    public async Task A_settled_stream_feeds_every_series_of_its_request()
    {
        var route = _metrics.Route("chat");
        var model = _metrics.Cluster("llm", "vllm").Model("llama", Operation.ChatCompletions);
        _metrics.Started("POST");
        Assert.Contains("http_server_active_requests{http_request_method=\"POST\"} 1", await ExposeAsync(), StringComparison.Ordinal);

        _metrics.Settled(Record(), route, model);

        var text = await ExposeAsync();
        const string modelLabels = "gen_ai_operation_name=\"chat\",gen_ai_request_model=\"llama\",gen_ai_provider_name=\"vllm\"";
        string[] expected =
        [
            "http_server_active_requests{http_request_method=\"POST\"} 0",
            "http_server_request_duration_seconds_sum{http_request_method=\"POST\",http_route=\"chat\",http_response_status_code=\"200\"} 2",
            "http_server_request_duration_seconds_bucket{http_request_method=\"POST\",http_route=\"chat\",http_response_status_code=\"200\",le=\"300\"} 1",
            "blaze_requests_total{route=\"chat\",cluster=\"llm\",outcome=\"ok\"} 1",
            $"gen_ai_server_request_duration_seconds_sum{{{modelLabels},cluster=\"llm\",error_type=\"\"}} 2",
            $"gen_ai_server_time_to_first_token_seconds_sum{{{modelLabels},cluster=\"llm\"}} 0.5",
            $"gen_ai_server_time_per_output_token_seconds_bucket{{{modelLabels},cluster=\"llm\",le=\"0.1\"}} 1",
            $"gen_ai_server_time_per_output_token_seconds_bucket{{{modelLabels},cluster=\"llm\",le=\"0.075\"}} 0",
            $"gen_ai_client_token_usage_sum{{{modelLabels},gen_ai_token_type=\"input\",cluster=\"llm\"}} 100",
            $"gen_ai_client_token_usage_sum{{{modelLabels},gen_ai_token_type=\"output\",cluster=\"llm\"}} 10",
            "blaze_proxy_overhead_seconds_bucket{stage=\"pre\",le=\"2.5E-05\"} 1",
            "blaze_proxy_overhead_seconds_bucket{stage=\"pre\",le=\"1E-05\"} 0",
            "blaze_proxy_overhead_seconds_bucket{stage=\"pick\",le=\"1E-05\"} 1",
        ];
        Assert.All(expected, line => Assert.Contains(line, text.Replace("e-05", "E-05", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failed_stream_has_a_duration_with_its_error_but_no_time_to_first_token()
    {
        var model = _metrics.Cluster("llm", "vllm").Model("llama", Operation.ChatCompletions);
        _metrics.Started("POST");
        _metrics.Settled(Record(outcome: Outcome.StreamBroken), _metrics.Route("chat"), model);

        var text = await ExposeAsync();
        Assert.Contains("error_type=\"stream_broken\"} 2", text, StringComparison.Ordinal);
        Assert.Contains("gen_ai_server_time_to_first_token_seconds_count{gen_ai_operation_name=\"chat\",gen_ai_request_model=\"llama\",gen_ai_provider_name=\"vllm\",cluster=\"llm\"} 0", text, StringComparison.Ordinal);
        Assert.Contains("outcome=\"stream_broken\"} 1", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_did_not_happen_is_not_observed()
    {
        var model = _metrics.Cluster("llm", "vllm").Model("llama", Operation.ChatCompletions);
        var record = Record() with { BeforeForward = -1, Pick = -1, ToFirstContent = -1, Generation = -1, TokensIn = -1, TokensOut = -1 };
        _metrics.Started("POST");
        _metrics.Settled(record, _metrics.Route("chat"), model);

        var text = await ExposeAsync();
        Assert.Contains("blaze_proxy_overhead_seconds_count{stage=\"pre\"} 0", text, StringComparison.Ordinal);
        Assert.Contains("blaze_proxy_overhead_seconds_count{stage=\"pick\"} 0", text, StringComparison.Ordinal);
        Assert.DoesNotMatch("gen_ai_(server_time|client)[a-z_]+_count\\{[^}]*\\} [1-9]", text);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public async Task Time_per_output_token_needs_a_second_token(int tokens, int observed)
    {
        var model = _metrics.Cluster("llm", "vllm").Model("llama", Operation.ChatCompletions);
        _metrics.Started("POST");
        _metrics.Settled(Record() with { TokensOut = tokens }, _metrics.Route("chat"), model);
        Assert.Matches($"time_per_output_token_seconds_count\\{{[^}}]*\\}} {observed}", await ExposeAsync());
    }

    [Theory]
    [InlineData(200, "200")]
    [InlineData(499, "499")]
    [InlineData(504, "504")]
    [InlineData(418, "4xx")]
    [InlineData(206, "2xx")]
    [InlineData(302, "3xx")]
    [InlineData(599, "5xx")]
    [InlineData(100, "1xx")]
    [InlineData(999, "5xx")]
    [InlineData(0, "1xx")]
    public async Task Status_codes_beyond_the_list_count_as_their_class(int status, string label)
    {
        _metrics.Started("GET");
        _metrics.Settled(Record("GET", status), _metrics.Route("chat"), model: null);
        Assert.Contains($"http_response_status_code=\"{label}\"}} 1", await ExposeAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PATCH", "PATCH")]
    [InlineData("get", "_OTHER")]
    [InlineData("BREW", "_OTHER")]
    [InlineData("", "_OTHER")]
    public async Task Methods_beyond_the_list_are_one_label(string method, string label)
    {
        _metrics.Started(method);
        Assert.Contains($"http_server_active_requests{{http_request_method=\"{label}\"}} 1", await ExposeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_outcome_has_its_label()
    {
        var route = _metrics.Route("chat");
        foreach (var outcome in Enum.GetValues<Outcome>())
        {
            _metrics.Started("POST");
            _metrics.Settled(Record(outcome: outcome), route, model: null);
        }

        var text = await ExposeAsync();
        string[] labels =
        [
            "ok", "client_error", "unauthorized", "rate_limited", "no_backend", "circuit_open", "backend_error", "timeout", "stream_broken", "client_canceled", "gateway_error",
        ];
        Assert.All(labels, label => Assert.Contains($"blaze_requests_total{{route=\"chat\",cluster=\"llm\",outcome=\"{label}\"}} 1", text, StringComparison.Ordinal));
        Assert.Contains("blaze_client_disconnects_total{route=\"chat\"} 1", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(4, 0)]
    [InlineData(5, 1)]
    public async Task Label_sets_beyond_the_cap_are_folded_and_counted(int routes, int overflow)
    {
        var registry = Metrics.NewCustomRegistry();
        var metrics = new RequestMetrics(registry, Time, seriesLimit: 4);
        for (var i = 0; i < routes; i++)
        {
            metrics.Started("POST");
            metrics.Settled(Record(outcome: Outcome.ClientCanceled), metrics.Route("route-" + i), model: null);
        }

        using var stream = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(stream);
        var text = Encoding.UTF8.GetString(stream.ToArray());
        Assert.Equal(Math.Min(routes, 4), text.Split('\n').Count(line => line.StartsWith("blaze_requests_total{route=\"route-", StringComparison.Ordinal)));
        Assert.Equal(overflow, text.Split('\n').Count(line => line.StartsWith("blaze_requests_total{route=\"other\",cluster=\"other\",outcome=\"other\"} 1", StringComparison.Ordinal)));
        Assert.Contains($"blaze_metric_label_overflow_total{{label=\"http_route\"}} {overflow}", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_that_left_takes_its_series_along_and_running_requests_do_not_bring_them_back()
    {
        var route = _metrics.Route("chat");
        _metrics.Started("POST");
        _metrics.Settled(Record(), route, model: null);
        _metrics.Started("POST");
        _metrics.RemoveRoute("chat");
        _metrics.Settled(Record(status: 500, outcome: Outcome.BackendError), route, model: null);

        var text = await ExposeAsync();
        Assert.DoesNotContain("chat", text, StringComparison.Ordinal);
        Assert.Contains("http_server_active_requests{http_request_method=\"POST\"} 0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_that_comes_back_starts_at_zero()
    {
        _metrics.Started("POST");
        _metrics.Settled(Record(), _metrics.Route("chat"), model: null);
        _metrics.RemoveRoute("chat");
        _metrics.Started("POST");
        _metrics.Settled(Record(), _metrics.Route("chat"), model: null);
        Assert.Contains("blaze_requests_total{route=\"chat\",cluster=\"llm\",outcome=\"ok\"} 1", await ExposeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Removing_makes_room_below_the_cap()
    {
        var registry = Metrics.NewCustomRegistry();
        var metrics = new RequestMetrics(registry, Time, seriesLimit: 1);
        for (var i = 0; i < 3; i++)
        {
            metrics.Started("POST");
            metrics.Settled(Record(), metrics.Route("route-" + i), model: null);
            metrics.RemoveRoute("route-" + i);
        }

        using var stream = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(stream);
        Assert.DoesNotMatch("blaze_metric_label_overflow_total\\{[^}]*\\} [1-9]", Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Fact]
    public async Task A_destination_counts_its_picks_and_attempts()
    {
        var destination = _metrics.Destination("llm", "gpu-a");
        destination.Picked("RoundRobin", Ticks(5e-6));
        destination.Sent();
        Assert.Contains("blaze_destination_requests_in_flight{cluster=\"llm\",destination=\"gpu-a\"} 1", await ExposeAsync(), StringComparison.Ordinal);
        destination.Finished(AttemptResult.Timeout, Ticks(3));

        var text = await ExposeAsync();
        string[] expected =
        [
            "blaze_destination_requests_in_flight{cluster=\"llm\",destination=\"gpu-a\"} 0",
            "blaze_destination_requests_total{cluster=\"llm\",destination=\"gpu-a\",result=\"timeout\"} 1",
            "blaze_destination_requests_total{cluster=\"llm\",destination=\"gpu-a\",result=\"ok\"} 0",
            "blaze_destination_request_duration_seconds_sum{cluster=\"llm\",destination=\"gpu-a\"} 3",
            "blaze_loadbalancer_decisions_total{cluster=\"llm\",strategy=\"RoundRobin\",destination=\"gpu-a\"} 1",
            "blaze_loadbalancer_pick_duration_seconds_count{strategy=\"RoundRobin\"} 1",
        ];
        Assert.All(expected, line => Assert.Contains(line, text, StringComparison.Ordinal));

        _metrics.RemoveDestination("llm", "gpu-a");
        Assert.DoesNotContain("gpu-a", await ExposeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_that_changed_its_model_server_starts_anew()
    {
        _metrics.Cluster("llm", "vllm").Model("llama", Operation.ChatCompletions);
        var cluster = _metrics.Cluster("llm", "ollama");
        cluster.Model("llama", Operation.OllamaChat);

        var text = await ExposeAsync();
        Assert.Same(cluster, _metrics.Cluster("llm", "ollama"));
        Assert.Contains("gen_ai_provider_name=\"ollama\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("gen_ai_provider_name=\"vllm\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_in_memory_are_read_from_their_budget()
    {
        var budget = new BodyBudget(1000);
        _metrics.WatchBodies(budget);
        budget.TryReserve(700);
        Assert.Contains("blaze_buffered_body_bytes 700", await ExposeAsync(), StringComparison.Ordinal);
        budget.Release(700);
        Assert.Contains("blaze_buffered_body_bytes 0", await ExposeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upgraded_connections_come_and_go()
    {
        _metrics.UpgradeStarted();
        _metrics.UpgradeStarted();
        _metrics.UpgradeEnded();
        Assert.Contains("blaze_upgraded_connections 1", await ExposeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_configuration_drops_what_it_no_longer_has()
    {
        foreach (var route in new[] { "chat", "gone", RequestMetrics.Unmatched })
        {
            _metrics.Started("POST");
            _metrics.Settled(Record(cluster: null), _metrics.Route(route), model: null);
        }

        _metrics.Cluster("old", "vllm").Model("llama", Operation.ChatCompletions);
        _metrics.Destination("llm", "gpu-a").Sent();
        _metrics.Destination("llm", "gpu-b").Sent();
        _metrics.Destination("old", "gpu-a").Sent();
        var config = new InMemoryConfigProvider(
            [new RouteConfig { RouteId = "chat", ClusterId = "llm" }],
            [new ClusterConfig { ClusterId = "llm", Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal) { ["gpu-a"] = new() { Address = "http://a" } } }]).GetConfig();
        new SeriesUpkeep(_metrics).ConfigurationApplied([config]);

        var text = await ExposeAsync();
        Assert.All(["\"chat\"", "\"unmatched\"", "cluster=\"llm\",destination=\"gpu-a\""], part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.All(["gone", "old", "gpu-b"], part => Assert.DoesNotContain($"\"{part}\"", text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Operation.None)]
    [InlineData(Operation.ListModels)]
    [InlineData(Operation.GetModel)]
    [InlineData(Operation.OllamaTags)]
    public void What_generates_nothing_has_no_model_series(Operation operation) =>
        Assert.Null(_metrics.Cluster("llm", "vllm").Model("llama", operation));

    [Fact]
    public void Nothing_is_allocated_per_request()
    {
        var route = _metrics.Route("chat");
        var cluster = _metrics.Cluster("llm", "vllm");
        var destination = _metrics.Destination("llm", "gpu-a");
        var record = Record();
        Measure();

        Assert.Equal(0, Measure());

        long Measure()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                Request(route, cluster, destination, record);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public async Task Counts_are_exact_under_contention()
    {
        await Parallel.ForAsync(0, 8, async (worker, _) =>
        {
            await Task.Yield();
            var route = _metrics.Route("chat");
            for (var i = 0; i < 1000; i++)
            {
                Request(route, _metrics.Cluster("llm", "vllm"), _metrics.Destination("llm", "gpu-a"), Record(status: 200 + (i % 5)));
            }
        });

        var text = await ExposeAsync();
        Assert.Contains("blaze_requests_total{route=\"chat\",cluster=\"llm\",outcome=\"ok\"} 8000", text, StringComparison.Ordinal);
        Assert.Contains("blaze_destination_requests_total{cluster=\"llm\",destination=\"gpu-a\",result=\"ok\"} 8000", text, StringComparison.Ordinal);
        Assert.Contains("http_server_active_requests{http_request_method=\"POST\"} 0", text, StringComparison.Ordinal);
    }

    private void Request(RouteMetrics route, ClusterMetrics cluster, DestinationMetrics destination, in AccessRecord record)
    {
        _metrics.Started(record.Method);
        destination.Picked("RoundRobin", 10);
        destination.Sent();
        destination.Finished(AttemptResult.Ok, record.Duration);
        _metrics.Settled(record, route, cluster.Model("llama", record.Operation));
    }
}
