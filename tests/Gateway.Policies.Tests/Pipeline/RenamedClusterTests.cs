using System.Net;
using System.Text.RegularExpressions;
using BlazeGateway.Policies.Pipeline;
using Prometheus;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Series of clusters go with them, also where the route that reached them stays.</summary>
public sealed partial class RenamedClusterTests
{
    [Fact]
    public async Task Reloads_that_rename_a_routes_cluster_leave_no_series_behind()
    {
        await using var destination = await HeldDestination.StartAsync();
        destination.Open();
        await using var host = await PipelineHost.StartAsync(Routes("llm-0"), Clusters("llm-0", destination));
        for (var name = 0; name < 10; name++)
        {
            await host.ReloadAsync(Routes($"llm-{name}"), Clusters($"llm-{name}", destination));
            Assert.Equal(HttpStatusCode.OK, (await host.AskAsync("/renamed")).Status);
            Assert.Equal(HttpStatusCode.OK, (await host.AskAsync("/kept")).Status);
            await SeriesAsync(host, $"kept/kept {name + 1}", $"renamed/llm-{name} 1");
        }
    }

    [Fact]
    public async Task A_request_that_ends_after_its_cluster_counts_until_the_next_reload_and_takes_nothing_from_others()
    {
        await using var destination = await HeldDestination.StartAsync();
        await using var host = await PipelineHost.StartAsync(Routes("old"), Clusters("old", destination));
        var (renamed, kept) = (host.AskAsync("/renamed"), host.AskAsync("/kept"));
        await destination.ArrivedAsync(2);
        await host.ReloadAsync(Routes("new"), Clusters("new", destination));
        destination.Open();
        Assert.Equal(HttpStatusCode.OK, (await renamed).Status);
        Assert.Equal(HttpStatusCode.OK, (await kept).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.AskAsync("/renamed")).Status);
        await PipelineHost.UntilAsync(() => host.Records.Count == 3);

        await host.ReloadAsync(Routes("newest"), Clusters("newest", destination));
        await SeriesAsync(host, "kept/kept 1");

        // A name that comes back counts from nothing, and is not lost.
        await host.ReloadAsync(Routes("old"), Clusters("old", destination));
        Assert.Equal(HttpStatusCode.OK, (await host.AskAsync("/renamed")).Status);
        await SeriesAsync(host, "kept/kept 1", "renamed/old 1");
    }

    [Fact]
    public async Task The_series_beyond_the_cap_goes_on_counting()
    {
        var registry = Metrics.NewCustomRegistry();
        var metrics = new RequestMetrics(registry, TimeProvider.System, seriesLimit: 1);
        var upkeep = new SeriesUpkeep(metrics);
        Count("first");
        Count("kept");
        upkeep.ConfigurationApplied([new InMemoryConfigProvider([Route("other", "kept")], [new ClusterConfig { ClusterId = "kept" }]).GetConfig()]);
        Count("kept");

        var text = await RequestMetricsTests.ExposeAsync(registry);
        Assert.DoesNotContain("cluster=\"first\"", text, StringComparison.Ordinal);
        Assert.Contains("blaze_requests_total{route=\"other\",cluster=\"other\",outcome=\"other\"} 2", text, StringComparison.Ordinal);

        void Count(string cluster)
        {
            metrics.Started("POST");
            metrics.Settled(RequestMetricsTests.Record(cluster: cluster), metrics.Route("other"), model: null);
        }
    }

    [Fact]
    public async Task Counts_of_a_cluster_that_stays_are_exact_while_others_go()
    {
        var registry = Metrics.NewCustomRegistry();
        var metrics = new RequestMetrics(registry, TimeProvider.System);
        var config = new InMemoryConfigProvider([Route("chat", "kept")], [new ClusterConfig { ClusterId = "kept" }]).GetConfig();
        await Parallel.ForAsync(0, 4, async (worker, _) =>
        {
            await Task.Yield();
            for (var i = 0; i < 1000; i++)
            {
                metrics.Started("POST");
                metrics.Settled(RequestMetricsTests.Record(cluster: i % 2 == 0 ? "kept" : $"gone-{i % 7}"), metrics.Route("chat"), model: null);
                if (i % 10 == worker)
                {
                    metrics.Retain([config]);
                }
            }
        });

        metrics.Retain([config]);
        var text = await RequestMetricsTests.ExposeAsync(registry);
        Assert.Equal("blaze_requests_total{route=\"chat\",cluster=\"kept\",outcome=\"ok\"} 2000", Assert.Single(text.Split('\n'), line => line.StartsWith("blaze_requests_total{", StringComparison.Ordinal)));
    }

    private static RouteConfig[] Routes(string cluster) => [Route("renamed", cluster), Route("kept", "kept")];

    private static RouteConfig Route(string id, string cluster) => PipelineHost.Route(id, "/" + id) with { ClusterId = cluster };

    private static ClusterConfig[] Clusters(string cluster, HeldDestination destination) =>
        [PipelineHost.Cluster(destination) with { ClusterId = cluster }, PipelineHost.Cluster(destination) with { ClusterId = "kept" }];

    /// <summary>Waits until these are all series of <c>blaze_requests_total</c>, as <c>route/cluster value</c>: a reload is in effect a moment before its upkeep.</summary>
    private static async Task SeriesAsync(PipelineHost host, params string[] expected)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        var told = await ReadAsync();
        for (var look = 0; look < 2000 && !told.SequenceEqual(expected, StringComparer.Ordinal); look++)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
            told = await ReadAsync();
        }

        Assert.Equal(expected, told);

        async Task<string[]> ReadAsync() =>
            [.. Series().Matches(await host.MetricsAsync()).Select(match => $"{match.Groups["route"]}/{match.Groups["cluster"]} {match.Groups["value"]}").Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex("^blaze_requests_total\\{route=\"(?<route>[^\"]*)\",cluster=\"(?<cluster>[^\"]*)\",outcome=\"ok\"\\} (?<value>\\d+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Series();
}
