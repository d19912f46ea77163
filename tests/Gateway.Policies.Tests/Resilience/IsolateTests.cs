using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Tests.Health;
using Polly.CircuitBreaker;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;
using static BlazeGateway.Policies.Tests.Resilience.CircuitBreakerTests;

namespace BlazeGateway.Policies.Tests.Resilience;

/// <summary>What operators do to circuits, and what they see of them.</summary>
public sealed class IsolateTests
{
    [Fact]
    public void An_isolated_destination_gets_nothing_until_it_is_reset()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Assert.True(cluster.Registry.Isolate(cluster.State, "A"));
        Assert.False(cluster.Registry.Isolate(cluster.State, "x"));
        Assert.False(cluster.Registry.Reset(cluster.State, "x"));
        cluster.Registry.SetDraining(cluster.State, "a", draining: false);
        cluster.Registry.SetDraining(cluster.State, "a", draining: true);
        cluster.Probe("a", ProbeFindingKind.Alive, times: 3);
        cluster.Attempt("a", AttemptOutcome.Answered);
        cluster.Advance(4_000);
        Assert.Equal(("draining", CircuitState.Isolated, "b"), (cluster.StateOf("a"), Circuit(cluster), cluster.Candidates));
        var report = cluster.Registry.Describe(cluster.State, _ => null)[0];
        Assert.Equal(("draining", "isolated", "isolated by an operator until it is reset", "isolated"), (report.State, report.Reason, report.Why, report.Circuit));
        cluster.Registry.Reset(cluster.State, "a");
        Assert.Equal(("up", CircuitState.Closed, "a b"), (cluster.StateOf("a"), Circuit(cluster), cluster.Candidates));
        Assert.Equal("reset", cluster.Registry.Describe(cluster.State, _ => null)[0].Reason);
    }

    [Fact]
    public void A_drained_destination_may_be_isolated_and_a_reset_does_not_end_a_drain()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        cluster.Registry.SetDraining(cluster.State, "a", draining: true);
        cluster.Registry.Reset(cluster.State, "a");
        Assert.Equal(("draining", AvailabilityReason.Drained, CircuitState.Closed), (cluster.StateOf("a"), cluster["a"].Facts.Reason, Circuit(cluster)));
        cluster.Log.Take();
        cluster.Registry.Isolate(cluster.State, "a");
        Assert.Equal(("draining", CircuitState.Isolated), (cluster.StateOf("a"), Circuit(cluster)));
        Assert.Contains("is draining: isolated by an operator until it is reset.", Assert.Single(cluster.Log.Lines), StringComparison.Ordinal);
        cluster.Registry.Reset(cluster.State, "a");
        Assert.Equal("up", cluster.StateOf("a"));
    }

    [Fact]
    public void A_reset_ends_an_ejection_and_its_doubling()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Mixed(cluster, "a", 20);
        cluster.Registry.Reset(cluster.State, "a");
        Assert.Equal(("up", CircuitState.Closed, 0), (cluster.StateOf("a"), Circuit(cluster), cluster["a"].Facts.Ejections));
        Mixed(cluster, "a", 19);
        Assert.Equal("up", cluster.StateOf("a"));
        cluster.Attempt("a", AttemptOutcome.ServerError);
        Assert.InRange((cluster["a"].Facts.EjectedUntil - cluster.Registry.Now).TotalSeconds, 10, 11);
    }

    [Fact]
    public void A_reset_of_one_in_service_forgets_its_failures_and_what_is_under_way()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        var old = cluster["a"].Word;
        cluster.Attempt("a", AttemptOutcome.ServerError);
        cluster.Registry.Reset(cluster.State, "a");
        Assert.Equal(("up", 0), (cluster.StateOf("a"), cluster["a"].Facts.Failures));
        cluster["a"].Ended(old, AttemptOutcome.ServerError);
        cluster.Attempt("a", AttemptOutcome.ServerError);
        Assert.Equal("suspect", cluster.StateOf("a"));
    }

    [Fact]
    public void What_probes_found_is_forgotten_until_they_find_it_again()
    {
        using var cluster = new TestCluster(TestCluster.ModelServers, "a", "b");
        cluster.Probe("a", ProbeFindingKind.Alive);
        cluster.Probe("a", ProbeFindingKind.Refused);
        Assert.True(cluster["a"].Facts.IsDead);
        cluster.Registry.Reset(cluster.State, "a");
        Assert.Equal("up", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Refused);
        Assert.Equal("ejected", cluster.StateOf("a"));
    }

    [Fact]
    public void A_reset_does_not_overrule_yarps_own_checks()
    {
        var checks = new HealthCheckConfig { Active = new ActiveHealthCheckConfig { Enabled = true } };
        using var cluster = new TestCluster(TestCluster.Plain, checks, 1, [], "a", "b", "c");
        cluster.State.Destinations["a"].Health.Active = DestinationHealth.Unhealthy;
        cluster.Registry.UpdateAvailableDestinations(cluster.State);
        cluster.Registry.Isolate(cluster.State, "a");
        cluster.Registry.Reset(cluster.State, "a");
        Assert.Equal(("ejected", CircuitState.Closed, "b c"), (cluster.StateOf("a"), Circuit(cluster), cluster.Candidates));
    }

    [Fact]
    public void A_new_address_does_not_end_it()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        cluster.Registry.Isolate(cluster.State, "a");
        cluster.Move("a", "http://127.0.0.1:10/");
        Assert.Equal(("draining", CircuitState.Isolated), (cluster.StateOf("a"), Circuit(cluster)));
    }

    [Fact]
    public void Only_when_every_circuit_keeps_its_destination_out_is_it_the_circuits()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        bool IsCircuit() => ((CandidateSet)cluster.State.DestinationsState.AvailableDestinations).IsCircuitOpen;
        cluster.Registry.Isolate(cluster.State, "a");
        Assert.False(IsCircuit());
        cluster.Registry.SetDraining(cluster.State, "b", draining: true);
        Assert.Equal((false, ""), (IsCircuit(), cluster.Candidates));
        cluster.Registry.Isolate(cluster.State, "b");
        Assert.True(IsCircuit());
        cluster.Registry.Reset(cluster.State, "b");
        Assert.False(IsCircuit());
    }

    [Fact]
    public async Task The_series_tell_the_state_and_count_its_changes()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Mixed(cluster, "a", 20);
        await ShowsAsync(cluster, "state{cluster=\"llm\",destination=\"a\",state=\"open\"} 1", "state{cluster=\"llm\",destination=\"a\",state=\"closed\"} 0", "state{cluster=\"llm\",destination=\"b\",state=\"closed\"} 1");
        cluster.Advance(11.1);
        await ShowsAsync(cluster, "state{cluster=\"llm\",destination=\"a\",state=\"half-open\"} 1");
        cluster["a"].TryTakeTrial(out var word);
        cluster["a"].Ended(word, AttemptOutcome.Answered);
        cluster.Registry.Isolate(cluster.State, "a");
        await ShowsAsync(
            cluster,
            "state{cluster=\"llm\",destination=\"a\",state=\"isolated\"} 1",
            "transitions_total{cluster=\"llm\",destination=\"a\",to=\"open\"} 1",
            "transitions_total{cluster=\"llm\",destination=\"a\",to=\"half-open\"} 1",
            "transitions_total{cluster=\"llm\",destination=\"a\",to=\"closed\"} 1",
            "transitions_total{cluster=\"llm\",destination=\"a\",to=\"isolated\"} 1");
        cluster.Remove("a");
        cluster.Registry.UpdateAllDestinations(cluster.State);
        Assert.DoesNotContain("destination=\"a\"", await cluster.ExposeAsync(), StringComparison.Ordinal);
    }

    private static async Task ShowsAsync(TestCluster cluster, params string[] lines)
    {
        var text = await cluster.ExposeAsync();
        Assert.All(lines, line => Assert.Contains($"blaze_circuit_breaker_{line}\n", text, StringComparison.Ordinal));
    }
}
