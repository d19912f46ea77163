using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using static BlazeGateway.Policies.Tests.Health.TestCluster;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>What each thing that happens to a destination makes of it.</summary>
public sealed class AvailabilityTests
{
    [Fact]
    public void All_are_up_at_first_and_the_candidates_are_calm()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b", "c");
        Assert.Equal("a b c", cluster.Candidates);
        Assert.True(Assert.IsType<CandidateSet>(cluster.State.DestinationsState.AvailableDestinations).IsCalm, "easing in at the start would only slow everything down");
        Assert.Equal("up", cluster.StateOf("a"));
        Assert.Empty(cluster.Log.Lines);
    }

    [Fact]
    public void The_first_refused_connection_ejects_at_once()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b", "c");
        cluster.Attempt("b", AttemptOutcome.ConnectRefused);
        Assert.Equal("ejected", cluster.StateOf("b"));
        Assert.Equal("a c", cluster.Candidates);
        Assert.True(Assert.Single(cluster.Changes) is { WasAvailable: true, IsAvailable: false, WantsProbe: true });
        Assert.Equal(
            "Warning: Destination 'b' of cluster 'llm' (http://127.0.0.1:9/) is ejected: a request found the connection refused. It was up for 0 s. 2 other destinations of the cluster are available.",
            Assert.Single(cluster.Log.Lines));
    }

    [Theory]
    [InlineData(AttemptOutcome.ConnectFailed)]
    [InlineData(AttemptOutcome.FirstByteTimeout)]
    [InlineData(AttemptOutcome.ServerError)]
    [InlineData(AttemptOutcome.BrokenOff)]
    internal void Any_other_failure_makes_suspect_and_the_second_in_a_row_ejects(AttemptOutcome failure)
    {
        using var cluster = new TestCluster(ModelServers, "a", "b", "c");
        cluster.Attempt("b", failure);
        Assert.Equal("suspect", cluster.StateOf("b"));
        Assert.Equal("a b c", cluster.Candidates);
        cluster.Attempt("b", AttemptOutcome.Nothing);
        cluster.Attempt("b", AttemptOutcome.Answered);
        Assert.Equal("up", cluster.StateOf("b"));
        cluster.Attempt("b", failure);
        cluster.Attempt("b", failure);
        Assert.Equal("ejected", cluster.StateOf("b"));
    }

    [Theory]
    [InlineData(200, AttemptOutcome.Answered)]
    [InlineData(404, AttemptOutcome.Answered)]
    [InlineData(429, AttemptOutcome.Answered)]
    [InlineData(500, AttemptOutcome.ServerError)]
    [InlineData(501, AttemptOutcome.Answered)]
    [InlineData(503, AttemptOutcome.ServerError)]
    [InlineData(505, AttemptOutcome.Answered)]
    [InlineData(529, AttemptOutcome.ServerError)]
    internal void A_status_says_whose_fault_it_is(int status, AttemptOutcome outcome) => Assert.Equal(outcome, AttemptOutcomes.OfStatus(status));

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(7, 3)]
    public void At_most_half_is_ejected(int destinations, int most)
    {
        string[] ids = [.. Enumerable.Range(0, destinations).Select(i => $"d{i}")];
        using var cluster = new TestCluster(Plain, ids);
        foreach (var id in ids.Concat(ids))
        {
            cluster.Attempt(id, AttemptOutcome.ConnectRefused);
        }

        Assert.Equal(most, ids.Count(id => cluster.StateOf(id) == "ejected"));
        Assert.Equal(destinations - most, ids.Count(id => cluster.StateOf(id) == "suspect"));
        Assert.Equal(destinations - most, cluster.State.DestinationsState.AvailableDestinations.Count);
    }

    [Fact]
    public void Ejections_grow_twofold_up_to_300_s_and_shrink_with_time_in_service()
    {
        using var cluster = new TestCluster(Plain, "a", "b");
        double[] expected = [10, 20, 40, 80, 160, 300, 300];
        foreach (var seconds in expected)
        {
            var began = cluster.Registry.Now;
            Fail("a");
            var length = (cluster["a"].Facts.EjectedUntil - began).TotalSeconds;
            Assert.InRange(length, seconds, seconds * 1.1);
            cluster.Advance(length - 0.01);
            Assert.Equal("ejected", cluster.StateOf("a"));
            cluster.Advance(0.02);
            Assert.Equal("half-open", cluster.StateOf("a"));
        }

        Assert.True(cluster["a"].TryTakeTrial(out var trial));
        cluster["a"].Ended(trial, AttemptOutcome.Answered);
        Assert.Equal("up", cluster.StateOf("a"));
        cluster.Advance(35);
        Fail("a");
        Assert.InRange((cluster["a"].Facts.EjectedUntil - cluster.Registry.Now).TotalSeconds, 160, 176);

        void Fail(string id)
        {
            if (cluster[id].TryTakeTrial(out var word))
            {
                cluster[id].Ended(word, AttemptOutcome.ServerError);
                return;
            }

            cluster.Attempt(id, AttemptOutcome.ServerError);
            cluster.Attempt(id, AttemptOutcome.ServerError);
        }
    }

    /// <summary>What fails some requests is tried again when the others are full, at the earliest after a second; what cannot answer is not.</summary>
    [Theory]
    [InlineData(AttemptOutcome.ServerError, 0.99, "ejected")]
    [InlineData(AttemptOutcome.ServerError, 1, "half-open")]
    [InlineData(AttemptOutcome.BrokenOff, 1, "half-open")]
    [InlineData(AttemptOutcome.ConnectRefused, 9, "ejected")]
    [InlineData(AttemptOutcome.FirstByteTimeout, 9, "ejected")]
    internal void A_destination_that_is_needed_is_tried_again_soon(AttemptOutcome outcome, double seconds, string state)
    {
        using var cluster = new TestCluster(Plain, "a", "b", "c");
        cluster.Attempt("a", outcome);
        cluster.Attempt("a", outcome);
        Assert.Equal("ejected", cluster.StateOf("a"));
        cluster.Advance(seconds);
        cluster.Registry.Need(cluster.State);
        Assert.Equal(state, cluster.StateOf("a"));
        Assert.Equal(("up", "up"), (cluster.StateOf("b"), cluster.StateOf("c")));
        if (state == "half-open")
        {
            cluster.Probe("a", ProbeFindingKind.Alive);
            cluster.Probe("a", ProbeFindingKind.Alive);
            Assert.True(cluster["a"].TryTakeTrial(out var trial));
            cluster["a"].Ended(trial, outcome);
            Assert.Equal(("ejected", 2), (cluster.StateOf("a"), cluster["a"].Facts.Ejections));
        }
    }

    [Fact]
    public void A_restart_brings_it_back_through_one_trial_or_a_second_probe()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b", "c");
        cluster.Probe("b", ProbeFindingKind.Alive);
        cluster.Attempt("b", AttemptOutcome.ConnectRefused);
        cluster.Probe("b", ProbeFindingKind.Refused);
        cluster.Advance(15);
        Assert.Equal("ejected", cluster.StateOf("b"));

        cluster.Probe("b", ProbeFindingKind.Alive);
        Assert.Equal("half-open", cluster.StateOf("b"));
        Assert.Equal("a c", cluster.Candidates);
        Assert.True(cluster["b"].TryTakeTrial(out var trial));
        Assert.False(cluster["b"].TryTakeTrial(out _));
        cluster["b"].TrialAnswered(trial, 200);
        Assert.Equal("up", cluster.StateOf("b"));
        Assert.Equal("a b c", cluster.Candidates);

        cluster.Attempt("b", AttemptOutcome.ConnectRefused);
        cluster.Probe("b", ProbeFindingKind.Refused);
        cluster.Probe("b", ProbeFindingKind.Alive, times: 2);
        Assert.Equal("up", cluster.StateOf("b"));
        Assert.True(cluster["b"].Word.IsSlow, "what returns is eased in");
    }

    [Fact]
    public void A_probe_does_not_take_back_what_it_cannot_see()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b");
        cluster.Probe("a", ProbeFindingKind.Alive);
        cluster.Attempt("a", AttemptOutcome.ServerError);
        cluster.Attempt("a", AttemptOutcome.ServerError);
        cluster.Probe("a", ProbeFindingKind.Alive, times: 5);
        Assert.Equal("ejected", cluster.StateOf("a"));

        cluster.Probe("a", ProbeFindingKind.Silent);
        cluster.Probe("a", ProbeFindingKind.Alive);
        Assert.Equal("half-open", cluster.StateOf("a"));
    }

    [Fact]
    public void Without_traffic_a_half_open_destination_returns_by_its_probes()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b");
        cluster.Attempt("a", AttemptOutcome.ServerError);
        cluster.Attempt("a", AttemptOutcome.ServerError);
        cluster.Advance(11.1);
        Assert.Equal("half-open", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Alive);
        Assert.Equal("half-open", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Alive);
        Assert.Equal("up", cluster.StateOf("a"));
    }

    [Fact]
    public void A_trial_that_tells_nothing_leaves_the_place_to_the_next()
    {
        using var cluster = new TestCluster(Plain, "a", "b");
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Advance(11.1);
        Assert.True(cluster["a"].TryTakeTrial(out var first));
        cluster["a"].TrialAnswered(first, 500);
        cluster["a"].Ended(first, AttemptOutcome.Nothing);
        Assert.Equal("half-open", cluster.StateOf("a"));
        Assert.True(cluster["a"].TryTakeTrial(out var second));
        cluster["a"].Ended(second, AttemptOutcome.ServerError);
        Assert.Equal("ejected", cluster.StateOf("a"));
    }

    [Fact]
    public void Attempts_from_before_an_ejection_say_nothing_afterwards()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b");
        var before = cluster["a"].Word;
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Probe("a", ProbeFindingKind.Refused);
        cluster.Probe("a", ProbeFindingKind.Alive, times: 2);
        Assert.Equal("up", cluster.StateOf("a"));
        for (var i = 0; i < 5; i++)
        {
            cluster["a"].Ended(before, AttemptOutcome.ConnectRefused);
        }

        Assert.Equal("up", cluster.StateOf("a"));
    }

    [Fact]
    public void Two_probes_missed_eject_and_a_closed_port_is_believed_at_once()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b", "c", "d");
        foreach (var id in new[] { "a", "b" })
        {
            cluster.Probe(id, ProbeFindingKind.Alive);
        }

        cluster.Probe("a", ProbeFindingKind.Silent);
        Assert.Equal("suspect", cluster.StateOf("a"));
        Assert.Equal("a b c d", cluster.Candidates);
        cluster.Probe("a", ProbeFindingKind.Alive);
        Assert.Equal("up", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Silent, times: 2);
        cluster.Probe("b", ProbeFindingKind.Refused);
        Assert.Equal("c d", cluster.Candidates);
        Assert.Equal(("ejected", "ejected"), (cluster.StateOf("a"), cluster.StateOf("b")));
        Assert.DoesNotContain(cluster.Changes, change => change.WantsProbe);
    }

    [Fact]
    public void What_probes_hold_to_be_dead_is_left_out_even_when_nothing_else_is_left()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b", "c");
        foreach (var id in new[] { "a", "b", "c" })
        {
            cluster.Probe(id, ProbeFindingKind.Alive);
            cluster.Probe(id, ProbeFindingKind.Refused);
        }

        Assert.Equal(("ejected", "suspect", "suspect"), (cluster.StateOf("a"), cluster.StateOf("b"), cluster.StateOf("c")));
        Assert.Equal("", cluster.Candidates);
        Assert.EndsWith(" No other destination of the cluster is available.", cluster.Log.Lines[^1], StringComparison.Ordinal);
        cluster.Probe("c", ProbeFindingKind.Alive);
        Assert.Equal("half-open", cluster.StateOf("c"));
        cluster.Probe("c", ProbeFindingKind.Alive);
        Assert.Equal("c", cluster.Candidates);
    }

    [Fact]
    public void When_most_is_missing_suspicions_count_for_nothing_and_deaths_still_do()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b", "c", "d");
        Eject("a");
        Eject("b");
        Assert.Equal("c d", cluster.Candidates);
        cluster.Probe("c", ProbeFindingKind.Alive);
        cluster.Probe("c", ProbeFindingKind.Refused);
        Assert.Equal("a b d", cluster.Candidates);
        Assert.Equal(("ejected", "ejected", "suspect"), (cluster.StateOf("a"), cluster.StateOf("b"), cluster.StateOf("c")));

        void Eject(string id)
        {
            cluster.Attempt(id, AttemptOutcome.ServerError);
            cluster.Attempt(id, AttemptOutcome.ServerError);
        }
    }

    [Theory]
    [InlineData(ProbeFindingKind.Refused, 1)]
    [InlineData(ProbeFindingKind.Unavailable, 1)]
    [InlineData(ProbeFindingKind.Loading, 1)]
    [InlineData(ProbeFindingKind.Silent, 2)]
    internal void What_never_answered_is_loading(ProbeFindingKind finding, int times)
    {
        using var cluster = new TestCluster(ModelServers, "a");
        cluster.Probe("a", finding, times);
        Assert.Equal("loading", cluster.StateOf("a"));
        Assert.Equal("", cluster.Candidates);
        cluster.Probe("a", finding, times);
        Assert.Equal("loading", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Alive, times: 2);
        Assert.Equal("up", cluster.StateOf("a"));
        Assert.True(cluster["a"].Word.IsSlow);
    }

    [Fact]
    public void A_503_is_loading_only_where_it_says_so_or_nothing_was_served_before()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b");
        cluster.Probe("a", ProbeFindingKind.Alive);
        cluster.Probe("a", ProbeFindingKind.Unavailable);
        Assert.Equal("suspect", cluster.StateOf("a"));
        cluster.Probe("a", ProbeFindingKind.Loading);
        Assert.Equal("loading", cluster.StateOf("a"));
    }

    [Fact]
    public void Soft_evidence_never_takes_the_last_destination()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b");
        foreach (var id in new[] { "a", "b", "a", "b" })
        {
            cluster.Probe(id, ProbeFindingKind.ServerError, isHard: false);
        }

        Assert.Equal(("ejected", "suspect", "b"), (cluster.StateOf("a"), cluster.StateOf("b"), cluster.Candidates));
        cluster.Probe("a", ProbeFindingKind.Alive, isHard: false);
        cluster.Probe("a", ProbeFindingKind.Alive, isHard: false);
        Assert.Equal("a b", cluster.Candidates);
    }

    [Fact]
    public void A_host_name_without_address_never_empties_the_cluster()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b");
        foreach (var id in new[] { "a", "b" })
        {
            cluster.Probe(id, ProbeFindingKind.Alive);
            cluster.Probe(id, ProbeFindingKind.Unresolved, times: 3);
        }

        Assert.Equal("b", cluster.Candidates);
    }

    [Fact]
    public void An_operator_drains_and_resumes_whatever_happens_meanwhile()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b", "c");
        Assert.True(cluster.Registry.SetDraining(cluster.State, "A", draining: true));
        Assert.False(cluster.Registry.SetDraining(cluster.State, "x", draining: true));
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Probe("a", ProbeFindingKind.Refused);
        cluster.Probe("a", ProbeFindingKind.Alive);
        cluster.Advance(1000);
        Assert.Equal(("draining", "b c"), (cluster.StateOf("a"), cluster.Candidates));
        cluster.Registry.SetDraining(cluster.State, "a", draining: false);
        Assert.Equal(("up", "a b c"), (cluster.StateOf("a"), cluster.Candidates));

        cluster.Registry.SetDraining(cluster.State, "a", draining: true);
        cluster.Probe("a", ProbeFindingKind.Refused);
        cluster.Registry.SetDraining(cluster.State, "a", draining: false);
        Assert.Equal(("loading", "b c"), (cluster.StateOf("a"), cluster.Candidates));
    }

    [Fact]
    public void When_a_drain_leaves_only_the_ejected_it_is_let_go()
    {
        using var cluster = new TestCluster(Plain, "a", "b");
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        Assert.Equal("ejected", cluster.StateOf("a"));
        cluster.Registry.SetDraining(cluster.State, "b", draining: true);
        Assert.Equal("half-open", cluster.StateOf("a"));
        Assert.True(cluster["a"].TryTakeTrial(out var trial));
        cluster["a"].Ended(trial, AttemptOutcome.ServerError);
        Assert.Equal(("suspect", "a"), (cluster.StateOf("a"), cluster.Candidates));
    }

    [Fact]
    public void Ejecting_can_be_switched_off()
    {
        using var cluster = new TestCluster(new ClusterExtensions { Health = new HealthOptions { Eject = false } }, "a", "b");
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        Assert.Equal("up", cluster.StateOf("a"));
    }
}
