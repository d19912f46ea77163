using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>The one request of a half-open destination, when it takes its time.</summary>
public sealed class TrialTests
{
    private static TestCluster HalfOpen(ClusterExtensions? extensions = null)
    {
        var cluster = new TestCluster(extensions ?? TestCluster.Plain, "a", "b");
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Advance(11.1);
        Assert.Equal("half-open", cluster.StateOf("a"));
        return cluster;
    }

    [Theory]
    [InlineData(9.999, false)]
    [InlineData(10, true)]
    [InlineData(10.001, true)]
    public void Another_request_may_try_when_the_first_has_had_its_time(double seconds, bool may)
    {
        using var cluster = HalfOpen();
        Assert.True(cluster["a"].TryTakeTrial(out _));
        cluster.Advance(seconds);
        Assert.Equal(may, cluster["a"].IsTrialDue);
        Assert.Equal(may, cluster["a"].TryTakeTrial(out _));
        Assert.False(cluster["a"].IsTrialDue);
        Assert.False(cluster["a"].TryTakeTrial(out _));
    }

    [Theory]
    [InlineData(AttemptOutcome.Answered, "up")]
    [InlineData(AttemptOutcome.ServerError, "ejected")]
    internal void A_late_outcome_counts_all_the_same(AttemptOutcome outcome, string state)
    {
        using var cluster = HalfOpen();
        Assert.True(cluster["a"].TryTakeTrial(out var first));
        cluster.Advance(12);
        Assert.True(cluster["a"].TryTakeTrial(out _));
        cluster["a"].Ended(first, outcome);
        Assert.Equal(state, cluster.StateOf("a"));
    }

    [Fact]
    public void A_late_one_that_tells_nothing_does_not_end_the_next()
    {
        using var cluster = HalfOpen();
        Assert.True(cluster["a"].TryTakeTrial(out var first));
        cluster.Advance(12);
        Assert.True(cluster["a"].TryTakeTrial(out var second));
        cluster["a"].Ended(first, AttemptOutcome.Nothing);
        Assert.False(cluster["a"].TryTakeTrial(out _));
        cluster["a"].Ended(second, AttemptOutcome.Nothing);
        Assert.True(cluster["a"].TryTakeTrial(out _));
    }

    [Fact]
    public void Where_failed_attempts_do_not_count_a_failed_trial_ejects_nobody()
    {
        using var cluster = new TestCluster(new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = "vllm" }, Health = new HealthOptions { Eject = false } }, "a", "b");
        cluster.Probe("a", ProbeFindingKind.Alive);
        cluster.Probe("a", ProbeFindingKind.Refused);
        Assert.Equal("ejected", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Alive);
        Assert.Equal("half-open", cluster.StateOf("a"));
        Assert.True(cluster["a"].TryTakeTrial(out var trial));
        cluster["a"].Ended(trial, AttemptOutcome.ServerError);
        Assert.Equal("up", cluster.StateOf("a"));
    }
}
