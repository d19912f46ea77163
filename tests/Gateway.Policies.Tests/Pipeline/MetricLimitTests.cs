using System.Globalization;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>How many models and destinations metrics tell apart, and what becomes of those that are gone.</summary>
public sealed class MetricLimitTests
{
    private static readonly FakeTimeProvider Time = new();

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(64, 5000, 4936)]
    [InlineData(200, 199, 0)]
    [InlineData(200, 200, 0)]
    [InlineData(200, 201, 1)]
    public async Task Models_are_told_apart_up_to_the_limit_over_all_clusters(int limit, int sent, int folded)
    {
        var registry = Metrics.NewCustomRegistry();
        var metrics = new RequestMetrics(registry, Time, modelLimit: limit);
        for (var i = 0; i < sent; i++)
        {
            var model = metrics.Cluster("c" + (i % 3), "vllm").Model("model-" + i, Operation.ChatCompletions);
            for (var time = 0; time < 2; time++)
            {
                metrics.Started("POST");
                metrics.Settled(RequestMetricsTests.Record(), metrics.Route("chat"), model);
            }
        }

        var text = await RequestMetricsTests.ExposeAsync(registry);
        var named = text.Split('\n').Where(line => line.StartsWith("gen_ai_server_request_duration_seconds_count{", StringComparison.Ordinal)).ToList();
        var others = named.Where(line => line.Contains("gen_ai_request_model=\"other\"", StringComparison.Ordinal)).ToList();
        Assert.Equal(sent - folded, named.Count - others.Count);
        Assert.Equal(2 * folded, others.Sum(line => int.Parse(line.AsSpan(line.LastIndexOf(' ')), CultureInfo.InvariantCulture)));
        Assert.Contains($"blaze_metric_label_overflow_total{{label=\"gen_ai_request_model\"}} {folded}", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_that_are_offered_no_longer_make_room_and_take_their_series_along()
    {
        HashSet<string> offered = ["a", "b"];
        var registry = Metrics.NewCustomRegistry();
        var metrics = new RequestMetrics(registry, Time, modelLimit: 2, isOffered: name => offered.Contains(name));
        void Send(string cluster, string model)
        {
            metrics.Started("POST");
            metrics.Settled(RequestMetricsTests.Record(), metrics.Route("chat"), metrics.Cluster(cluster, "vllm").Model(model, Operation.ChatCompletions));
        }

        Send("x", "a");
        Send("y", "b");
        Send("y", "c");
        Assert.Equal(("x", "y", "other"), (ClusterOf("a"), ClusterOf("b"), ModelIn("other")));
        offered = ["b", "d"];
        Send("x", "d");
        Assert.Equal(("", "y", "x"), (ClusterOf("a"), ClusterOf("b"), ClusterOf("d")));

        // It comes back as a new one.
        offered = ["a", "d"];
        Send("x", "a");
        Assert.Equal(("x", "", "x"), (ClusterOf("a"), ClusterOf("b"), ClusterOf("d")));

        string ModelIn(string model) => ClusterOf(model).Length > 0 ? model : "";
        string ClusterOf(string model)
        {
            var text = RequestMetricsTests.ExposeAsync(registry).GetAwaiter().GetResult();
            var line = text.Split('\n').SingleOrDefault(line => line.StartsWith("gen_ai_server_request_duration_seconds_count{", StringComparison.Ordinal) && line.Contains($"gen_ai_request_model=\"{model}\"", StringComparison.Ordinal));
            return line is null ? "" : line[(line.IndexOf("cluster=\"", StringComparison.Ordinal) + 9)..][..1];
        }
    }

    [Fact]
    public async Task Two_hundred_destinations_have_series_of_their_own_by_default()
    {
        var registry = Metrics.NewCustomRegistry();
        var metrics = new RequestMetrics(registry, Time);
        for (var i = 0; i < 200; i++)
        {
            var destination = metrics.Destination("llm", "gpu-" + i);
            foreach (var result in Enum.GetValues<AttemptResult>())
            {
                destination.Picked("RoundRobin", 1);
                destination.Sent();
                destination.Finished(result, 1);
            }
        }

        var text = await RequestMetricsTests.ExposeAsync(registry);
        Assert.Equal(800, text.Split('\n').Count(line => line.StartsWith("blaze_destination_requests_total{", StringComparison.Ordinal)));
        Assert.DoesNotContain("\"other\"", text, StringComparison.Ordinal);
    }
}
