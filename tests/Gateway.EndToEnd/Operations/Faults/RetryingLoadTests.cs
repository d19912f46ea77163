using BlazeGateway.Bench;
using BlazeGateway.Benchmarks.Faults;
using BlazeGateway.Benchmarks.Faults.Scenarios;
using BlazeGateway.Benchmarks.Faults.Traffic;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Operations.Faults;

/// <summary>Clients that try again, and what is made of their requests.</summary>
public sealed class RetryingLoadTests
{
    [Theory]
    [InlineData("", 1, true)]
    [InlineData("status=503;count=1;retry-after=1", 2, true)]
    [InlineData("status=500;count=2", 3, true)]
    [InlineData("rst=head;count=3", 4, true)]
    [InlineData("status=503;retry-after=1", 4, false)]
    [InlineData("status=400", 1, false)]
    [InlineData("rst=after:3", 1, false)]
    public async Task A_client_tries_up_to_four_times_what_may_be_tried_again(string fault, int attempts, bool isAnswered)
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        server.SetFault(fault);
        var load = RetryingLoad.Start(
            server.Address, "demo-small", new Arrivals { Rate = 100, Count = 1, StreamShare = 1, Seed = 1 }, TimeProvider.System, TestContext.Current.CancellationToken);
        var request = Assert.Single(await load.Requests);
        Assert.Equal((attempts, isAnswered, 16), (request.Attempts.Count, request.IsAnswered, request.Tokens));
    }

    [Fact]
    public async Task What_a_server_asks_for_is_waited_for_and_nobody_waits_once_the_load_is_over()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        server.SetFault("status=503;count=1;retry-after=1");
        var arrivals = new Arrivals { Rate = 100, Count = 1, Seed = 1 };
        var request = Assert.Single(await RetryingLoad.Start(server.Address, "demo-small", arrivals, TimeProvider.System, TestContext.Current.CancellationToken).Requests);
        Assert.InRange(request.Milliseconds, 990, 9000);

        server.SetFault("status=503;retry-after=60");
        var load = RetryingLoad.Start(server.Address, "demo-small", arrivals, TimeProvider.System, TestContext.Current.CancellationToken);
        load.StopRetrying();
        Assert.Single(Assert.Single(await load.Requests).Attempts);
    }

    [Fact]
    public void A_request_is_lost_when_no_attempt_was_answered_and_its_time_is_that_of_all()
    {
        var row = FaultRow.Of("x", [
            Request(10, Attempt(0, 20, LoadOutcome.Ok)),
            Request(10, Attempt(1, 10_000, LoadOutcome.Timeout), Attempt(11.5, 400, LoadOutcome.Ok)),
            Request(10, Attempt(2, 5, LoadOutcome.HttpError), Attempt(3, 5, LoadOutcome.HttpError)),
        ]);
        Assert.Equal((3, 1, 0, 2), (row.Requests, row.Lost, row.Broken, row.Slow));
        Assert.Equal(10_900, row.SlowestMs, 0.001);
        Assert.True(Request(1, Attempt(1, 10_000, LoadOutcome.Ok)).IsAnsweredWithin(10));
        Assert.False(Request(1, Attempt(1, 10_000, LoadOutcome.Timeout), Attempt(11.5, 400, LoadOutcome.Ok)).IsAnsweredWithin(10));
        Assert.False(Request(1, Attempt(1, 5, LoadOutcome.HttpError)).IsAnsweredWithin(10));
    }

    [Theory]
    [InlineData(1, 3, 0, 5, 1)]
    [InlineData(-1, 3, 0, 5, 0.75)]
    [InlineData(4, 6, 0, 5, 0.5)]
    [InlineData(6, 8, 0, 5, 0)]
    [InlineData(2, 2, 0, 5, 1)]
    [InlineData(5, 5, 0, 5, 0)]
    public void Of_an_answer_that_is_partly_outside_a_part_counts(double from, double to, double begin, double end, double part) =>
        Assert.Equal(part, Goodput.Part(from, to, begin, end), 0.0001);

    [Fact]
    public void Tokens_count_of_good_answers_only()
    {
        LogicalRequest[] requests = [Request(100, Attempt(0, 2000, LoadOutcome.Ok, first: 1000)), Request(7, Attempt(0, 10_000, LoadOutcome.Timeout))];
        Assert.Equal(100, Goodput.Tokens(requests));
        Assert.Equal(50, Goodput.TokensWithin(requests, 0, 1.5), 0.001);
    }

    [Fact]
    public void Latencies_are_as_before_from_the_first_of_five_in_a_row()
    {
        LogicalRequest[] before = [Request(1, Attempt(0, 500, LoadOutcome.Ok, first: 50))];
        LogicalRequest After(double at, double first) => Request(1, Attempt(at, first + 500, LoadOutcome.Ok, first));
        Assert.Equal(3, Goodput.RecoveredAt(before, [After(0, 900), After(1, 150), After(2, 151), .. Enumerable.Range(3, 5).Select(at => After(at, 150))]));
        Assert.Null(Goodput.RecoveredAt(before, [.. Enumerable.Range(0, 4).Select(at => After(at, 50))]));
        Assert.Null(Goodput.RecoveredAt(before, [.. Enumerable.Range(0, 5).Select(at => Request(1, Attempt(at, 5, LoadOutcome.HttpError)))]));
    }

    [Fact]
    public void A_wait_counts_beyond_the_first_slot_that_came_free()
    {
        var waits = SlotWaits.Of([Request(1, Attempt(1, 900, LoadOutcome.Ok, first: 350)), Request(1, Attempt(2, 900, LoadOutcome.Ok, first: 40))], [0.5, 1.2, 1.25], usual: 50);
        Assert.Equal((0, 300), (waits.P50, waits.P99));
        Assert.Equal(100, waits.BeyondP99, 0.001);
    }

    [Theory]
    [InlineData(250, 100, true, true)]
    [InlineData(249, 100, true, false)]
    [InlineData(250, 100, false, true)]
    [InlineData(251, 100, false, false)]
    [InlineData(0, 0, false, true)]
    public void A_promise_compares_with_another_front_end_of_the_same_run(double own, double theirs, bool isLeast, bool holds)
    {
        FaultRow Row(string frontEnd, double figure) => FaultRow.Of("x", [Request(1, Attempt(0, 1, LoadOutcome.Ok))]) with { FrontEnd = frontEnd, Figures = new Dictionary<string, double>(StringComparer.Ordinal) { ["good"] = figure } };
        var promise = new PeerPromise("good", "yarp", 2.5, isLeast);
        Assert.Equal(holds, promise.Judge(Row("blaze", own), [Row("yarp", theirs)])!.Holds);
        Assert.Null(promise.Judge(Row("blaze", own), [Row("nginx", theirs)]));
    }

    private static LogicalRequest Request(int tokens, params Answer[] attempts) => new(tokens, attempts);

    private static Answer Attempt(double at, double milliseconds, LoadOutcome outcome, double? first = null) => new()
    {
        At = at,
        Milliseconds = milliseconds,
        FirstMilliseconds = first ?? milliseconds,
        Outcome = outcome,
        Status = outcome == LoadOutcome.Ok ? 200 : outcome == LoadOutcome.HttpError ? 503 : 0,
        IsStream = true,
    };
}
