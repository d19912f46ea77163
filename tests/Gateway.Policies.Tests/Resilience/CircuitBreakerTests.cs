using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Tests.Health;
using Polly.CircuitBreaker;

namespace BlazeGateway.Policies.Tests.Resilience;

/// <summary>What a circuit does to a destination, and what is done to a destination does to its circuit.</summary>
public sealed class CircuitBreakerTests
{
    [Fact]
    public void One_failure_in_four_ejects_a_destination_that_never_fails_twice_in_a_row()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Mixed(cluster, "a", 19);
        Assert.Equal(("up", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
        cluster.Log.Take();
        cluster.Attempt("a", AttemptOutcome.ServerError);
        Assert.Equal(("ejected", CircuitState.Open, "b"), (cluster.StateOf("a"), Circuit(cluster), cluster.Candidates));
        Assert.Equal((AvailabilityReason.CircuitOpen, 1, 0), (cluster["a"].Facts.Reason, cluster["a"].Facts.Ejections, cluster["a"].Facts.Failures));
        Assert.Equal(
            "Warning: Destination 'a' of cluster 'llm' (http://127.0.0.1:9/) is ejected: its circuit is open: too many requests failed. It was up for 0 s. One other destination of the cluster is available.",
            Assert.Single(cluster.Log.Lines));
    }

    [Fact]
    public void The_break_is_as_long_as_the_ejection_and_twice_as_long_the_next_time()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        var length = 0.0;
        for (var time = 1; time <= 7; time++)
        {
            if (time == 1)
            {
                Mixed(cluster, "a", 20);
            }
            else
            {
                Try(cluster, AttemptOutcome.ServerError);
            }

            var now = (cluster["a"].Facts.EjectedUntil - cluster.Registry.Now).TotalSeconds;
            Assert.InRange(now, Math.Min(300, 10 * Math.Pow(2, time - 1)), Math.Min(300, 10 * Math.Pow(2, time - 1)) * 1.1);
            Assert.Equal(CircuitState.Open, Circuit(cluster));
            length = now;
            cluster.Advance(length - 0.001);
            Assert.Equal(("ejected", false), (cluster.StateOf("a"), cluster["a"].Circuit!.IsDue));
            cluster.Advance(0.002);
            Assert.Equal(("half-open", CircuitState.Open, true), (cluster.StateOf("a"), Circuit(cluster), cluster["a"].Circuit!.IsDue));
        }
    }

    [Fact]
    public void A_configured_break_has_its_own_length()
    {
        using var cluster = new TestCluster(new() { CircuitBreaker = new() { BreakDuration = TimeSpan.FromSeconds(3) } }, "a", "b");
        Mixed(cluster, "a", 20);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(("ejected", 3.0), (cluster.StateOf("a"), (cluster["a"].Facts.EjectedUntil - cluster.Registry.Now).TotalSeconds));
            cluster.Advance(3);
            Try(cluster, AttemptOutcome.BrokenOff);
        }

        cluster.Advance(3);
        Try(cluster, AttemptOutcome.Answered);
        Assert.Equal(("up", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
    }

    [Fact]
    public void A_trial_that_is_answered_closes_the_circuit_and_nothing_from_before_counts()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Mixed(cluster, "a", 20);
        cluster.Advance(11.1);
        Assert.True(cluster["a"].TryTakeTrial(out var word));
        cluster["a"].TrialAnswered(word, 200);
        Assert.Equal(("up", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
        cluster["a"].Ended(word, AttemptOutcome.Answered);
        Mixed(cluster, "a", 18);
        Assert.Equal("up", cluster.StateOf("a"));
        cluster.Attempt("a", AttemptOutcome.Answered);
        cluster.Attempt("a", AttemptOutcome.ServerError);
        Assert.Equal(AvailabilityReason.CircuitOpen, cluster["a"].Facts.Reason);
    }

    [Theory]
    [InlineData(AttemptOutcome.Nothing)]
    [InlineData(AttemptOutcome.Answered)]
    internal void What_is_no_failure_never_opens_it(AttemptOutcome outcome)
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        for (var i = 0; i < 15; i++)
        {
            cluster.Attempt("a", i % 4 == 3 ? AttemptOutcome.ServerError : AttemptOutcome.Answered);
        }

        for (var i = 0; i < 1000; i++)
        {
            cluster.Attempt("a", outcome);
        }

        Assert.Equal(("up", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
    }

    [Theory]
    [InlineData(AttemptOutcome.ConnectFailed)]
    [InlineData(AttemptOutcome.FirstByteTimeout)]
    [InlineData(AttemptOutcome.ServerError)]
    [InlineData(AttemptOutcome.BrokenOff)]
    internal void Every_failure_counts(AttemptOutcome failure)
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Mixed(cluster, "a", 20, failure);
        Assert.Equal((AvailabilityReason.CircuitOpen, CircuitState.Open), (cluster["a"].Facts.Reason, Circuit(cluster)));
    }

    [Fact]
    public void Attempts_from_before_an_ejection_are_not_counted_after_it()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        var old = cluster["a"].Word;
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Probe("a", ProbeFindingKind.Alive, times: 2);
        for (var i = 0; i < 100; i++)
        {
            cluster["a"].Ended(old, AttemptOutcome.ServerError);
        }

        Assert.Equal(("up", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
    }

    [Fact]
    public void A_destination_ejected_for_failures_in_a_row_keeps_its_circuit_closed_and_returns_with_nothing_counted()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Mixed(cluster, "a", 15);
        cluster.Attempt("a", AttemptOutcome.ServerError);
        cluster.Attempt("a", AttemptOutcome.ServerError);
        Assert.Equal(("ejected", AvailabilityReason.ServerError, CircuitState.Closed), (cluster.StateOf("a"), cluster["a"].Facts.Reason, Circuit(cluster)));
        cluster.Advance(11.1);
        Try(cluster, AttemptOutcome.Answered);
        Mixed(cluster, "a", 17);
        Assert.Equal(("up", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
    }

    [Fact]
    public void A_failed_request_that_opens_the_circuit_and_finds_the_port_closed_is_told_by_the_port_and_ended_by_a_probe()
    {
        using var cluster = new TestCluster(TestCluster.ModelServers, "a", "b");
        Mixed(cluster, "a", 19);
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        Assert.Equal((AvailabilityReason.ConnectRefused, CircuitState.Open), (cluster["a"].Facts.Reason, Circuit(cluster)));
        cluster.Probe("a", ProbeFindingKind.Alive);

        // Early, so the one request decides of the availability alone.
        Assert.Equal(("half-open", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
        Try(cluster, AttemptOutcome.ServerError);
        Assert.Equal(("ejected", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
    }

    [Fact]
    public void Where_no_more_may_be_ejected_the_circuit_closes_again()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        cluster.Attempt("b", AttemptOutcome.ConnectRefused);
        Mixed(cluster, "a", 20);
        Assert.Equal(("suspect", CircuitState.Closed, "a"), (cluster.StateOf("a"), Circuit(cluster), cluster.Candidates));
    }

    [Fact]
    public void One_that_is_let_go_early_has_its_circuit_closed()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b", "c", "d");
        Mixed(cluster, "a", 20);
        cluster.Attempt("b", AttemptOutcome.ConnectRefused);
        cluster.Remove("d");
        cluster.Registry.UpdateAllDestinations(cluster.State);
        Assert.Equal(1, new[] { "a", "b" }.Count(id => cluster.StateOf(id) == "ejected"));
        Assert.True(CircuitAgreement.Holds(cluster["a"].Facts, cluster["a"].Circuit!));
    }

    [Fact]
    public void A_new_address_closes_it()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Mixed(cluster, "a", 20);
        cluster.Move("a", "http://127.0.0.1:10/");
        Assert.Equal(("up", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Off_there_is_no_circuit(bool enabled, bool eject)
    {
        using var cluster = new TestCluster(new() { CircuitBreaker = new() { Enabled = enabled }, Health = new() { Eject = eject } }, "a", "b");
        Mixed(cluster, "a", 1001);
        Assert.Equal("up", cluster.StateOf("a"));
        Assert.Null(cluster["a"].Circuit);
        Assert.All(cluster.Registry.Describe(cluster.State, _ => null), report => Assert.Null(report.Circuit));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_fifth_of_all_requests_failing_everywhere_leaves_at_least_half(bool enabled)
    {
        using var cluster = new TestCluster(new() { CircuitBreaker = new() { Enabled = enabled } }, "a", "b", "c", "d");
        var chance = new Chance(7);
        for (var i = 0; i < 20_000; i++)
        {
            cluster.Advance(0.01);
            var candidates = (CandidateSet)cluster.State.DestinationsState.AvailableDestinations;
            Assert.InRange(candidates.Count, 2, 4);
            var id = candidates[(int)(chance.Next() * candidates.Count)].DestinationId;
            cluster.Attempt(id, chance.Next() < 0.2 ? AttemptOutcome.ServerError : AttemptOutcome.Answered);
        }

        Assert.True(enabled || !cluster.Log.Lines.Any(static line => line.Contains("circuit", StringComparison.Ordinal)));
    }

    [Fact]
    public void Other_options_make_a_new_circuit_and_equal_ones_keep_it()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        Mixed(cluster, "a", 20);
        var circuit = cluster["a"].Circuit;
        cluster.Registry.UpdateAllDestinations(cluster.State);
        Assert.Same(circuit, cluster["a"].Circuit);
        cluster.Configure(new() { CircuitBreaker = new() { FailureRatio = 0.9 } });
        Assert.Equal(("ejected", CircuitState.Closed), (cluster.StateOf("a"), Circuit(cluster)));
        cluster.Registry.Isolate(cluster.State, "a");
        cluster.Configure(TestCluster.Plain);
        Assert.Equal(CircuitState.Isolated, Circuit(cluster));
        cluster.Configure(new() { CircuitBreaker = new() { Enabled = false } });
        Assert.Null(cluster["a"].Circuit);
        Assert.Equal("isolated", cluster.Registry.Describe(cluster.State, _ => null)[0].Circuit);
    }

    [Fact]
    public void Many_threads_at_once_neither_stand_still_nor_leave_a_contradiction()
    {
        using var cluster = new TestCluster(new() { CircuitBreaker = new() { MinimumThroughput = 5, FailureRatio = 0.5 } }, "a", "b", "c");
        var chance = new Chance(3);
        string[] ids = ["a", "b", "c"];
        Parallel.For(0, 40_000, i =>
        {
            var id = ids[(int)(chance.Next() * ids.Length)];
            switch ((int)(chance.Next() * 20))
            {
                case 0:
                    cluster.Advance(1);
                    break;
                case 1:
                    cluster.Registry.Isolate(cluster.State, id);
                    break;
                case 2:
                    cluster.Registry.Reset(cluster.State, id);
                    break;
                case < 8:
                    var word = cluster[id].TryTakeTrial(out var taken) ? taken : cluster[id].Word.WithTrial(false);
                    cluster[id].Ended(word, chance.Next() < 0.7 ? AttemptOutcome.ServerError : AttemptOutcome.Answered);
                    break;
                default:
                    cluster.Attempt(id, AttemptOutcome.Answered);
                    break;
            }
        });
        Assert.All(ids, id => Assert.True(CircuitAgreement.Holds(cluster[id].Facts, cluster[id].Circuit!)));
    }

    internal static void Mixed(TestCluster cluster, string id, int attempts, AttemptOutcome failure = AttemptOutcome.ServerError)
    {
        // One in four fails, the twentieth among them.
        for (var i = 1; i <= attempts; i++)
        {
            cluster.Attempt(id, i % 4 == 0 ? failure : AttemptOutcome.Answered);
        }
    }

    internal static CircuitState Circuit(TestCluster cluster)
    {
        var member = cluster["a"];
        Assert.True(CircuitAgreement.Holds(member.Facts, member.Circuit!));
        Assert.Equal(CircuitAgreement.Shown(member.Facts, member.Circuit), member.Metrics.ShownCircuit);
        return member.Circuit!.State;
    }

    private static void Try(TestCluster cluster, AttemptOutcome outcome)
    {
        Assert.True(cluster["a"].TryTakeTrial(out var word));
        cluster["a"].Ended(word, outcome);
    }
}
