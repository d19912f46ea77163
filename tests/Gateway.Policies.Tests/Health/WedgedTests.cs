using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>A destination that answers probes while its streams stand still.</summary>
public sealed class WedgedTests
{
    private static TestCluster Seen(params string[] ids)
    {
        var cluster = new TestCluster(TestCluster.ModelServers, ids);
        Array.ForEach(ids, id => cluster.Probe(id, ProbeFindingKind.Alive));
        return cluster;
    }

    private static void StandStill(TestCluster cluster, string id) => cluster[id].Take(new AvailabilityEvent(AvailabilityInput.StoodStill));

    [Fact]
    public async Task It_is_out_until_its_time_is_over_and_then_half_open_and_each_time_is_twice_as_long()
    {
        using var cluster = Seen("a", "b");
        foreach (var seconds in (double[])[10, 20, 40])
        {
            StandStill(cluster, "a");
            Assert.Equal(("wedged", "b"), (cluster.StateOf("a"), cluster.Candidates));
            Assert.InRange((cluster["a"].Facts.EjectedUntil - cluster.Registry.Now).TotalSeconds, seconds, seconds * 1.1);

            // It answers probes all the while, which says nothing.
            cluster.Probe("a", ProbeFindingKind.Alive, 5);
            cluster.Advance(seconds - 0.1);
            Assert.Equal("wedged", cluster.StateOf("a"));
            cluster.Advance((seconds * 0.1) + 0.2);
            Assert.Equal("half-open", cluster.StateOf("a"));
            cluster.Probe("a", ProbeFindingKind.Alive, 5);
            Assert.Equal("half-open", cluster.StateOf("a"));
        }

        Assert.Contains("blaze_destination_ejections_total{cluster=\"llm\",destination=\"a\",reason=\"no_progress\"} 3", await cluster.ExposeAsync(), StringComparison.Ordinal);
        Assert.Contains(cluster.Log.Lines, line => line.Contains("is wedged: it answers probes, but its streams stand still", StringComparison.Ordinal));
    }

    [Fact]
    public void Its_trial_is_settled_by_the_first_chunk_and_not_by_headers()
    {
        using var cluster = Seen("a", "b");
        StandStill(cluster, "a");
        cluster.Advance(11.1);
        Assert.True(cluster["a"].TryTakeTrial(out var trial));
        cluster["a"].TrialAnswered(trial, 200);
        Assert.Equal("half-open", cluster.StateOf("a"));
        cluster["a"].TrialBegun(trial, 500);
        Assert.Equal("half-open", cluster.StateOf("a"));
        cluster["a"].TrialBegun(trial, 200);
        Assert.Equal("up", cluster.StateOf("a"));
        Assert.False(cluster["a"].WantsChunk);
    }

    [Theory]
    [InlineData(AttemptOutcome.Answered, "up")]
    [InlineData(AttemptOutcome.FirstByteTimeout, "ejected")]
    [InlineData(AttemptOutcome.Nothing, "half-open")]
    internal void Its_trial_is_settled_by_its_end(AttemptOutcome outcome, string state)
    {
        using var cluster = Seen("a", "b");
        StandStill(cluster, "a");
        cluster.Advance(11.1);
        Assert.True(cluster["a"].TryTakeTrial(out var trial));
        cluster["a"].Ended(trial, outcome);
        Assert.Equal(state, cluster.StateOf("a"));
        Assert.Equal(state != "up", cluster["a"].WantsChunk);
    }

    [Fact]
    public void Of_another_destination_headers_settle_the_trial_and_the_first_chunk_nothing()
    {
        using var cluster = Seen("a", "b");
        cluster.Attempt("a", AttemptOutcome.ServerError);
        cluster.Attempt("a", AttemptOutcome.ServerError);
        cluster.Advance(11.1);
        Assert.True(cluster["a"].TryTakeTrial(out var trial));
        cluster["a"].TrialBegun(trial, 200);
        Assert.Equal("half-open", cluster.StateOf("a"));
        cluster["a"].TrialAnswered(trial, 200);
        Assert.Equal("up", cluster.StateOf("a"));
    }

    [Fact]
    public void At_most_half_of_a_cluster_is_wedged_and_ejected_together()
    {
        using var cluster = Seen("a", "b", "c", "d", "e");
        StandStill(cluster, "a");
        cluster.Probe("b", ProbeFindingKind.Refused);
        StandStill(cluster, "c");
        Assert.Equal("wedged ejected suspect", string.Join(' ', cluster.StateOf("a"), cluster.StateOf("b"), cluster.StateOf("c")));
        Assert.Equal("c d e", cluster.Candidates);
    }

    [Fact]
    public void The_last_one_stays()
    {
        using var cluster = Seen("a");
        StandStill(cluster, "a");
        StandStill(cluster, "a");
        Assert.Equal(("suspect", "a"), (cluster.StateOf("a"), cluster.Candidates));
        Assert.False(cluster["a"].WantsChunk);
        cluster.Attempt("a", AttemptOutcome.Answered);
        Assert.Equal("up", cluster.StateOf("a"));
    }

    [Fact]
    public void One_that_is_drained_stays_so_and_a_wedged_one_can_be_drained()
    {
        using var cluster = Seen("a", "b");
        cluster.Registry.SetDraining(cluster.State, "a", draining: true);
        StandStill(cluster, "a");
        Assert.Equal("draining", cluster.StateOf("a"));
        cluster.Registry.SetDraining(cluster.State, "a", draining: false);
        StandStill(cluster, "a");
        cluster.Registry.SetDraining(cluster.State, "a", draining: true);
        cluster.Advance(60);
        Assert.Equal("draining", cluster.StateOf("a"));
    }

    [Fact]
    public void One_that_is_not_known_to_answer_probes_is_not_wedged()
    {
        using var cluster = new TestCluster(TestCluster.ModelServers, "a", "b");
        StandStill(cluster, "a");
        Assert.Equal("up", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Alive);
        cluster.Probe("a", ProbeFindingKind.Silent);
        StandStill(cluster, "a");
        Assert.Equal("suspect", cluster.StateOf("a"));
    }

    [Fact]
    public void Where_requests_eject_nobody_nobody_is_wedged()
    {
        using var cluster = new TestCluster(new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = "vllm" }, Health = new HealthOptions { Eject = false } }, "a", "b");
        cluster.Probe("a", ProbeFindingKind.Alive);
        StandStill(cluster, "a");
        Assert.Equal("up", cluster.StateOf("a"));
    }

    [Fact]
    public void One_that_is_started_anew_does_not_serve_its_time()
    {
        using var cluster = Seen("a", "b");
        StandStill(cluster, "a");
        cluster.Probe("a", ProbeFindingKind.Refused);
        Assert.Equal("ejected", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Loading);
        Assert.Equal("loading", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Alive, 2);
        Assert.Equal("up", cluster.StateOf("a"));
    }
}
