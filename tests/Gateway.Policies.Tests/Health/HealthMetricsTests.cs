using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Tests.Health;

public sealed class HealthMetricsTests
{
    [Fact]
    public async Task Every_series_tells_what_happened()
    {
        using var cluster = new TestCluster(TestCluster.ModelServers, "a", "b");
        cluster.Probe("a", ProbeFindingKind.Alive);
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Probe("a", ProbeFindingKind.Refused);
        var text = await cluster.ExposeAsync();
        Assert.All(
            [
                "blaze_destination_state{cluster=\"llm\",destination=\"a\",state=\"ejected\"} 1",
                "blaze_destination_state{cluster=\"llm\",destination=\"a\",state=\"up\"} 0",
                "blaze_destination_state{cluster=\"llm\",destination=\"b\",state=\"up\"} 1",
                "blaze_destination_state{cluster=\"llm\",destination=\"b\",state=\"half-open\"} 0",
                "blaze_destination_transitions_total{cluster=\"llm\",destination=\"a\",to=\"ejected\"} 1",
                "blaze_destination_ejections_total{cluster=\"llm\",destination=\"a\",reason=\"connect_refused\"} 1",
                "blaze_destination_healthy{cluster=\"llm\",destination=\"a\",check=\"active\"} 0",
                "blaze_destination_healthy{cluster=\"llm\",destination=\"a\",check=\"passive\"} 0",
                "blaze_destination_healthy{cluster=\"llm\",destination=\"a\",check=\"effective\"} 0",
                "blaze_destination_healthy{cluster=\"llm\",destination=\"b\",check=\"effective\"} 1",
                "blaze_health_probes_total{cluster=\"llm\",destination=\"a\",result=\"alive\"} 1",
                "blaze_health_probes_total{cluster=\"llm\",destination=\"a\",result=\"refused\"} 1",
            ],
            line => Assert.Contains(line + "\n", text, StringComparison.Ordinal));

        cluster.Probe("a", ProbeFindingKind.Alive, times: 2);
        cluster.Advance(6);
        Assert.Contains("blaze_destination_weight_ratio{cluster=\"llm\",destination=\"a\"} 0.2\n", await cluster.ExposeAsync(), StringComparison.Ordinal);

        cluster.Remove("a");
        cluster.Registry.UpdateAllDestinations(cluster.State);
        Assert.DoesNotContain("destination=\"a\"", await cluster.ExposeAsync(), StringComparison.Ordinal);
        cluster.Registry.OnClusterRemoved(cluster.State);
        Assert.DoesNotContain("destination=\"b\"", await cluster.ExposeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_destination_that_cools_is_shown_with_the_time_that_is_left()
    {
        const string Series = "blaze_destination_cooling_seconds{cluster=\"llm\",destination=\"a\"} ";
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Assert.Contains(Series + "0\n", await cluster.ExposeAsync(), StringComparison.Ordinal);
        cluster["a"].Cool(TimeSpan.FromSeconds(20));
        cluster.Advance(7.5);
        Assert.Contains(Series + "12.5\n", await cluster.ExposeAsync(), StringComparison.Ordinal);
        var reports = Reports();
        Assert.Equal(("up", true, 12.5, "it answered 429 and gets no requests for 13 s more"), (reports[0].State, reports[0].Available, reports[0].CoolingSeconds!.Value, reports[0].Why));
        Assert.Equal((null, "nothing speaks against it"), (reports[1].CoolingSeconds, reports[1].Why));

        cluster.Registry.SetDraining(cluster.State, "a", draining: true);
        Assert.Equal("drained by an operator; it answered 429 and gets no requests for 13 s more", Reports()[0].Why);
        cluster.Advance(12.5);
        Assert.Equal((null, "drained by an operator"), (Reports()[0].CoolingSeconds, Reports()[0].Why));
        Assert.Contains(Series + "0\n", await cluster.ExposeAsync(), StringComparison.Ordinal);

        IReadOnlyList<DestinationReport> Reports() => cluster.Registry.Describe(cluster.State, static _ => null);
    }

    [Fact]
    public void A_report_tells_state_reason_and_times()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        var start = cluster.Time.GetUtcNow();
        cluster.Advance(5);
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Advance(2);
        var next = start + TimeSpan.FromSeconds(8);
        var reports = cluster.Registry.Describe(cluster.State, destination => destination.DestinationId == "a" ? next : null);
        Assert.Equal("a b", string.Join(" ", reports.Select(report => report.Destination)));
        var a = reports[0];
        Assert.Equal(
            ("ejected", false, "connect_refused", "a request found the connection refused", start + TimeSpan.FromSeconds(5), 1, next),
            (a.State, a.Available, a.Reason, a.Why, a.Since, a.Ejections, a.NextProbe));
        Assert.InRange(a.EjectedUntil!.Value, start + TimeSpan.FromSeconds(15), start + TimeSpan.FromSeconds(16));
        Assert.Equal(("up", true, (DateTimeOffset?)null), (reports[1].State, reports[1].Available, reports[1].NextProbe));
    }
}
