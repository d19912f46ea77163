using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Tests.Health;

public sealed class AvailabilityWordTests
{
    [Fact]
    public void A_word_says_what_the_facts_say()
    {
        foreach (var state in Enum.GetValues<AvailabilityState>())
        {
            foreach (var epoch in new[] { 0, 1, 12345, (1 << 20) - 1 })
            {
                var facts = new AvailabilityFacts { State = state, Epoch = epoch, SlowStartFrom = epoch == 1 ? TimeSpan.Zero : null, Failures = epoch == 0 ? 1 : 0 };
                var word = AvailabilityWord.Of(facts);
                Assert.Equal((state, epoch, epoch == 1, facts.IsAvailable, false), (word.State, word.Epoch, word.IsSlow, word.IsAvailable, word.IsTrialTaken));
                Assert.Equal(state == AvailabilityState.Up && epoch != 0, word.IsCalm);
                Assert.Equal((true, state, epoch), (word.WithTrial(true).IsTrialTaken, word.WithTrial(true).State, word.WithTrial(true).Epoch));
            }
        }
    }

    [Fact]
    public void A_trial_is_given_back_also_when_easing_in_ended_meanwhile()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Advance(11.1);
        Assert.True(cluster["a"].TryTakeTrial(out var trial));
        var whileEasedIn = AvailabilityWord.Of(new AvailabilityFacts { State = trial.State, Epoch = trial.Epoch, SlowStartFrom = TimeSpan.Zero }).WithTrial(true);
        cluster["a"].ReleaseTrial(whileEasedIn);
        Assert.True(cluster["a"].TryTakeTrial(out _));
    }

    [Fact]
    public void Of_a_thousand_at_once_one_gets_the_trial()
    {
        using var cluster = new TestCluster(TestCluster.Plain, "a", "b");
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Advance(11.1);
        for (var round = 0; round < 100; round++)
        {
            var taken = 0;
            AvailabilityWord trial = default;
            Parallel.For(0, 1000, _ =>
            {
                if (cluster["a"].TryTakeTrial(out var word))
                {
                    Interlocked.Increment(ref taken);
                    trial = word;
                }
            });
            Assert.Equal(1, taken);
            cluster["a"].Ended(trial, AttemptOutcome.Nothing);
        }

        Assert.Equal("half-open", cluster.StateOf("a"));
    }

    [Fact]
    public void Reading_picking_and_a_good_attempt_allocate_nothing()
    {
        using var cluster = new TestCluster(TestCluster.ModelServers, "a", "b", "c");
        var member = cluster["a"];
        var sum = 0;
        for (var round = 0; ; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10_000; i++)
            {
                var set = (CandidateSet)cluster.State.DestinationsState.AvailableDestinations;
                var word = member.Word.WithTrial(false);
                sum += set.IsCalm && word.IsCalm && ReferenceEquals(set[i % set.Count], set[i % set.Count]) ? 1 : 0;
                member.Ended(word, AttemptOutcome.Answered);
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (round == 1)
            {
                Assert.Equal((0, 20_000), (allocated, sum));
                return;
            }
        }
    }
}
