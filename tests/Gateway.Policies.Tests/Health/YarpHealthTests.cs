using BlazeGateway.Policies.Health;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>YARP's own health checks say their part, and the word follows.</summary>
public sealed class YarpHealthTests
{
    private static readonly HealthCheckConfig Both = new() { Active = new ActiveHealthCheckConfig { Enabled = true }, Passive = new PassiveHealthCheckConfig { Enabled = true } };

    [Fact]
    public void Its_active_check_counts_for_dead_until_it_says_otherwise()
    {
        using var cluster = Start(Both);
        SetActive(cluster, "a", DestinationHealth.Unhealthy);
        Assert.Equal(("ejected", "b c"), (cluster.StateOf("a"), cluster.Candidates));
        cluster.Advance(1000);
        Assert.Equal("ejected", cluster.StateOf("a"));
        SetActive(cluster, "b", DestinationHealth.Unhealthy);
        SetActive(cluster, "c", DestinationHealth.Unhealthy);
        Assert.Equal(("suspect", ""), (cluster.StateOf("c"), cluster.Candidates));
        SetActive(cluster, "a", DestinationHealth.Healthy);
        Assert.Equal("half-open", cluster.StateOf("a"));
        Assert.True(cluster["a"].TryTakeTrial(out var trial));
        cluster["a"].Ended(trial, AttemptOutcome.Answered);
        Assert.Equal(("up", "a"), (cluster.StateOf("a"), cluster.Candidates));
    }

    [Fact]
    public void Its_passive_check_ejects_within_the_limit_and_until_it_reactivates()
    {
        using var cluster = Start(Both);
        foreach (var id in new[] { "a", "b" })
        {
            cluster.State.Destinations[id].Health.Passive = DestinationHealth.Unhealthy;
        }

        cluster.Registry.UpdateAvailableDestinations(cluster.State);
        Assert.Equal(1, new[] { "a", "b" }.Count(id => cluster.StateOf(id) == "ejected"));
        cluster.Advance(100);
        Assert.Equal(1, new[] { "a", "b" }.Count(id => cluster.StateOf(id) == "ejected"));
        foreach (var id in new[] { "a", "b" })
        {
            cluster.State.Destinations[id].Health.Passive = DestinationHealth.Unknown;
        }

        cluster.Registry.UpdateAvailableDestinations(cluster.State);
        Assert.All(["a", "b"], id => Assert.False(cluster.StateOf(id) == "ejected", id));
    }

    [Fact]
    public void A_check_that_is_off_says_nothing()
    {
        using var cluster = Start(null);
        SetActive(cluster, "a", DestinationHealth.Unhealthy);
        cluster.State.Destinations["b"].Health.Passive = DestinationHealth.Unhealthy;
        cluster.Registry.UpdateAvailableDestinations(cluster.State);
        Assert.Equal("a b c", cluster.Candidates);
    }

    [Fact]
    public void Its_panic_policy_is_kept_where_a_cluster_names_it()
    {
        using var cluster = Start(Both with { AvailableDestinationsPolicy = "healthyOrPanic" });
        foreach (var id in new[] { "a", "b", "c" })
        {
            cluster.State.Destinations[id].Health.Active = DestinationHealth.Unhealthy;
        }

        cluster.Registry.SetDraining(cluster.State, "c", draining: true);
        cluster.Registry.UpdateAvailableDestinations(cluster.State);
        Assert.Equal("a b", cluster.Candidates);
    }

    [Fact]
    public void A_policy_the_application_brings_narrows_the_candidates()
    {
        using var cluster = new TestCluster(
            TestCluster.Plain, new HealthCheckConfig { AvailableDestinationsPolicy = "NotA" }, 1, [new NotA()], "a", "b", "c");
        Assert.Equal("b c", cluster.Candidates);
        cluster.Attempt("b", AttemptOutcome.ConnectRefused);
        Assert.Equal("c", cluster.Candidates);
    }

    [Fact]
    public void A_policy_that_throws_loses_no_change()
    {
        var policy = new Failing();
        using var cluster = new TestCluster(TestCluster.Plain, new HealthCheckConfig { AvailableDestinationsPolicy = "Failing" }, 1, [policy], "a", "b", "c");
        policy.Fails = true;
        Assert.Throws<InvalidOperationException>(() => cluster.Attempt("b", AttemptOutcome.ConnectRefused));
        Assert.Equal(("ejected", "a b c"), (cluster.StateOf("b"), cluster.Candidates));
        policy.Fails = false;
        cluster.Registry.UpdateAvailableDestinations(cluster.State);
        Assert.Equal("a c", cluster.Candidates);
    }

    private static TestCluster Start(HealthCheckConfig? checks) => new(TestCluster.Plain, checks, 1, [], "a", "b", "c");

    private static void SetActive(TestCluster cluster, string id, DestinationHealth health)
    {
        cluster.State.Destinations[id].Health.Active = health;
        cluster.Registry.UpdateAvailableDestinations(cluster.State);
    }

    private sealed class NotA : IAvailableDestinationsPolicy
    {
        public string Name => "NotA";

        public IReadOnlyList<DestinationState> GetAvailalableDestinations(ClusterConfig config, IReadOnlyList<DestinationState> allDestinations) =>
            [.. allDestinations.Where(destination => destination.DestinationId != "a")];
    }

    private sealed class Failing : IAvailableDestinationsPolicy
    {
        public bool Fails { get; set; }

        public string Name => "Failing";

        public IReadOnlyList<DestinationState> GetAvailalableDestinations(ClusterConfig config, IReadOnlyList<DestinationState> allDestinations) =>
            Fails ? throw new InvalidOperationException("The policy fails on purpose.") : allDestinations;
    }
}
