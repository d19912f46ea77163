using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Decisions;

public sealed class DecisionRecorderTests
{
    private static readonly DestinationLoad[] Loads = [.. Enumerable.Range(0, 40).Select(i => new DestinationLoad($"d{i}"))];

    private static DecisionRecorder Recorder(int kept = 4) => new(kept, new FakeTimeProvider());

    private static PublishedDecision Record(DecisionRecorder recorder, string id, int among = 2, int index = 0)
    {
        var slot = recorder.Begin()!;
        slot.Begin(among);
        slot.Chose(Loads.AsSpan(0, among), index);
        slot.Decision.Destination = index < 0 ? null : Loads[index].Id;
        slot.Decision.Names = new DecisionNames(id, "chat", "llm", null, "LeastConnections");
        slot.Decision.Arm = -1;
        return new PublishedDecision(slot, slot.Publish());
    }

    [Theory]
    [InlineData(3, "2 1 0")]
    [InlineData(4, "3 2 1 0")]
    [InlineData(5, "4 3 2 1")]
    [InlineData(11, "10 9 8 7")]
    public void The_last_ones_are_kept_newest_first(int made, string ids)
    {
        var recorder = Recorder();
        for (var i = 0; i < made; i++)
        {
            Record(recorder, $"{i}");
        }

        Assert.Equal(ids, string.Join(' ', recorder.Read(100).Select(decision => decision.RequestId)));
        Assert.Equal(ids.Split(' ')[..2], recorder.Read(2).Select(decision => decision.RequestId), StringComparer.Ordinal);
        Assert.Equal(made, recorder.Made);
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(DecisionRecorder.MostKept, true)]
    [InlineData(DecisionRecorder.MostKept + 1, false)]
    public void So_many_may_be_kept(int kept, bool isAllowed)
    {
        if (isAllowed)
        {
            Assert.Equal(kept, Recorder(kept).Kept);
        }
        else
        {
            Assert.StartsWith($"Decisions kept are {kept}; they must be 0 (none) to 65536.", Assert.Throws<ArgumentOutOfRangeException>(() => Recorder(kept)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Off_records_nothing()
    {
        var recorder = Recorder(0);
        Assert.Null(recorder.Begin());
        Assert.Empty(recorder.Read(10));
        default(PublishedDecision).Settle(new DecisionOutcome("ok", 200, 1, -1));
    }

    [Fact]
    public void An_outcome_goes_to_its_own_decision_or_nowhere()
    {
        var recorder = Recorder(1);
        var first = Record(recorder, "first");
        Assert.Null(recorder.Read(1).Single().Outcome);
        first.Settle(new DecisionOutcome("ok", 200, 0.2, 0.01) { PromptTokens = 7, CachedTokens = -1, AnswerTokens = 9 });
        Assert.Equal(new OutcomeReport("ok", 200, 0.2, 0.01, 7, null, 9), recorder.Read(1).Single().Outcome);
        var second = Record(recorder, "second");
        first.Settle(new DecisionOutcome("timeout", 504, -1, -1));
        Assert.Null(recorder.Read(1).Single().Outcome);
        second.Settle(new DecisionOutcome("timeout", 504, -1, -1) { PromptTokens = -1, CachedTokens = -1, AnswerTokens = -1 });
        Assert.Equal(new OutcomeReport("timeout", 504, null, null, null, null, null), recorder.Read(1).Single().Outcome);
    }

    [Fact]
    public void Of_requests_with_one_id_the_newest_is_told_with_all_its_attempts_in_order()
    {
        var recorder = Recorder(100);
        Assert.Null(recorder.Of("r"));
        Make(recorder, 1, 1).Settle(new DecisionOutcome("ok", 200, 1, 1));
        Make(recorder, 2, 1).Settle(DecisionOutcome.Followed("retried", 429, "rate_limited"));
        Record(recorder, "other");
        Make(recorder, 2, 2).Settle(DecisionOutcome.Followed("retried", 0, "not_connected"));
        Make(recorder, 2, 3);
        var told = recorder.Of("r")!;
        Assert.Equal((3, (OutcomeReport?)null), (told.Attempt, told.Outcome));
        Assert.Equal([(1, 429, "rate_limited"), (2, 0, "not_connected")], told.Earlier!.Select(made => (made.Attempt, made.Outcome!.Status, made.Outcome.Next!)));
        Assert.All(told.Earlier!, made => Assert.Equal((null, null), (made.Outcome!.PromptTokens, made.Earlier)));
        Make(recorder, 3, 1);
        Assert.Null(recorder.Of("r")!.Earlier);
    }

    [Theory]
    [InlineData(63, 62, 2)]
    [InlineData(64, 63, 2)]
    [InlineData(65, 63, 3)]
    public void Of_one_request_so_many_are_told_and_the_newest_among_them(int made, int earlier, int first)
    {
        var recorder = Recorder(100);
        for (var attempt = 1; attempt <= made; attempt++)
        {
            Make(recorder, 1, attempt + 1);
        }

        var told = recorder.Of("r")!;
        Assert.Equal((made + 1, earlier, first), (told.Attempt, told.Earlier!.Count, told.Earlier[0].Attempt));
    }

    private static PublishedDecision Make(DecisionRecorder recorder, long came, int attempt)
    {
        var slot = recorder.Begin()!;
        (slot.Decision.Came, slot.Decision.Attempt, slot.Decision.Arm) = (came, attempt, -1);
        slot.Decision.Names = new DecisionNames("r", "chat", "llm", "m", "RoundRobin");
        return new PublishedDecision(slot, slot.Publish());
    }

    [Fact]
    public void One_that_is_being_made_is_not_seen_and_its_place_not_taken()
    {
        var recorder = Recorder(2);
        Record(recorder, "0");
        var slot = recorder.Begin()!;
        Assert.Equal("0", recorder.Read(10).Single().RequestId);
        Record(recorder, "2");
        Record(recorder, "3");
        Assert.Equal("3", recorder.Read(10).Single().RequestId);
        slot.Decision.Arm = -1;
        slot.Publish();
        var busy = Recorder(1);
        Assert.NotNull(busy.Begin());
        Assert.Null(busy.Begin());
    }

    [Theory]
    [InlineData(15, 14, 15, 0)]
    [InlineData(16, 15, 16, 0)]
    [InlineData(17, 16, 16, 1)]
    [InlineData(40, 39, 16, 24)]
    [InlineData(2, -1, 2, 0)]
    public void As_many_candidates_are_kept_and_the_one_picked_among_them(int among, int index, int kept, int more)
    {
        var recorder = Recorder();
        Record(recorder, "r", among, index);
        var decision = recorder.Read(1).Single();
        Assert.Equal((kept, more), (decision.Candidates.Count, decision.MoreCandidates));
        Assert.Equal(index < 0 ? null : $"d{index}", decision.Destination);
        Assert.True(index < 0 || decision.Candidates.Any(candidate => candidate.Destination == $"d{index}"));
        Assert.All(decision.Candidates, candidate => Assert.Equal((null, null, null, false), (candidate.OwnTokens, candidate.PredictedSeconds, candidate.Cost, candidate.IsFull)));
    }

    /// <summary>So many candidates that its strategy looked at, and one that it was not asked about.</summary>
    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(15, 16, 0)]
    [InlineData(16, 16, 1)]
    [InlineData(17, 16, 2)]
    public void Whom_the_strategy_was_not_asked_about_is_kept_where_there_is_room(int among, int kept, int more)
    {
        var recorder = Recorder();
        var slot = recorder.Begin()!;
        slot.Begin(among);
        slot.Chose(Loads.AsSpan(0, among), among - 1);
        slot.PassOver(Loads[39], PassedOver.Cooling);
        slot.PassOver(Loads[0], among == 0 ? PassedOver.Tried : PassedOver.Cooling);
        slot.Decision.Arm = -1;
        slot.Publish();
        var decision = recorder.Read(1).Single();
        Assert.Equal((among == 0 ? 2 : kept, more), (decision.Candidates.Count, decision.MoreCandidates));
        Assert.Equal(kept > among ? "cooling" : null, decision.Candidates.SingleOrDefault(candidate => candidate.Destination == "d39")?.PassedOver);
        Assert.Equal(among == 0 ? "tried" : null, decision.Candidates.Single(candidate => candidate.Destination == "d0").PassedOver);
    }

    [Fact]
    public void Of_many_that_were_weighed_the_cheapest_are_kept()
    {
        var recorder = Recorder();
        var slot = recorder.Begin()!;
        slot.Begin(40);
        for (var i = 0; i < 40; i++)
        {
            slot.Weigh(Loads[i], 10, 0.1, i == 3 ? double.PositiveInfinity : 40 - i);
        }

        Assert.True(slot.IsWeighed);
        slot.Chose(Loads, 39);
        slot.Decision.Names = new DecisionNames("r", "chat", "llm", "m", "Adaptive");
        slot.Decision.Arm = 0;
        slot.Publish();
        var decision = recorder.Read(1).Single();
        Assert.Equal(Enumerable.Range(24, 16).Select(i => $"d{i}"), decision.Candidates.Select(candidate => candidate.Destination).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Equal(("Model", 24, 0.1), (decision.Arm, decision.MoreCandidates, decision.Candidates[0].PredictedSeconds!.Value));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 3)]
    [InlineData(255, 8)]
    [InlineData(256, 9)]
    public void The_beginning_of_a_prompt_is_kept_where_its_length_doubles(int blocks, int marks)
    {
        ulong[] chain = [.. Enumerable.Range(1, blocks).Select(i => (ulong)i)];
        var (one, other) = (Marked(chain), Marked([.. chain.Take(blocks - 1), 99]));
        Assert.Equal((blocks, marks), (one.PrefixBlocks, one.Prefix.Count));
        Assert.All(one.Prefix, id => Assert.Matches("^[0-9a-f]{16}$", id));
        Assert.Equal(int.IsPow2(blocks) ? marks - 1 : marks, one.Prefix.Intersect(other.Prefix, StringComparer.Ordinal).Count());

        static DecisionReport Marked(ulong[] chain)
        {
            var decision = new Decision { Arm = -1 };
            decision.Mark(chain);
            return DecisionReport.Of(decision, default, 1);
        }
    }

    [Fact]
    public void Ids_of_two_processes_have_nothing_in_common()
    {
        var decision = new Decision { Arm = -1 };
        decision.Mark([1, 2]);
        Assert.Empty(DecisionReport.Of(decision, default, Recorder().Secret).Prefix.Intersect(DecisionReport.Of(decision, default, Recorder().Secret).Prefix, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_reader_sees_whole_decisions_whatever_eight_threads_do()
    {
        var recorder = Recorder(3);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Factory.StartNew(() => Write(recorder, writer, 40_000), stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        var all = Task.WhenAll(writers);
        var seen = 0;
        while (!all.IsCompleted || seen == 0)
        {
            foreach (var decision in recorder.Read(10))
            {
                seen++;
                var number = int.Parse(decision.RequestId, System.Globalization.CultureInfo.InvariantCulture);
                Assert.Equal((decision.RequestId, (int?)number, $"d{number % 40}"), (decision.Route, decision.PromptTokens, decision.Destination));
                Assert.All(decision.Candidates, candidate => Assert.Equal(number, candidate.OwnTokens));
                Assert.True(decision.Outcome is null || decision.Outcome.AnswerTokens == number, "an outcome of another decision");
            }
        }

        await all;
        Assert.True(seen > 0);
        Assert.True(recorder.Made >= 8 * 40_000);
    }

    private static void Write(DecisionRecorder recorder, int writer, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var number = (writer * times) + i + 1;
            if (recorder.Begin() is not { } slot)
            {
                continue;
            }

            var id = $"{number}";
            slot.Begin(8);
            for (var candidate = 0; candidate < 8; candidate++)
            {
                slot.Weigh(Loads[candidate], number, number, number);
            }

            slot.Decision.Destination = $"d{number % 40}";
            slot.Decision.Names = new DecisionNames(id, id, id, null, id);
            slot.Decision.Arm = -1;
            slot.Decision.PromptTokens = number;
            new PublishedDecision(slot, slot.Publish()).Settle(new DecisionOutcome(id, 200, 1, 1) { PromptTokens = number, CachedTokens = number, AnswerTokens = number });
        }
    }
}
