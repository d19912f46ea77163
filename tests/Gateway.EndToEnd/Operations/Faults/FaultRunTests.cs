using System.Net;
using BlazeGateway.Bench;
using BlazeGateway.Benchmarks.Faults;
using BlazeGateway.Benchmarks.Faults.Scenarios;
using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Operations.Faults;

/// <summary>What measures faults sees them, and a gateway behind which a model server dies or breaks off loses no request.</summary>
[Collection(nameof(Alone))]
public sealed class FaultRunTests
{
    private static readonly FaultDurations s_brief = new() { Repeats = 1, BeforeSeconds = 1, DownSeconds = 2, AfterSeconds = 3 };

    [Fact]
    public async Task No_request_is_lost_when_one_of_three_dies_or_breaks_off()
    {
        using var client = new HttpClient();
        var run = new FaultRun(Path.Combine(AppContext.BaseDirectory, "blaze.dll"), s_brief, seed: 1, client, TimeProvider.System);
        var rows = new List<FaultRow>();
        await foreach (var row in run.RunAsync(FaultScenarios.Find(["kill", "reset"]), [new FaultFrontEnd("blaze")], TestContext.Current.CancellationToken))
        {
            rows.Add(row);
        }

        Assert.Equal([("kill", 900, 0), ("reset", 90, 0)], rows.Select(row => (row.Scenario, row.Requests, row.Lost)));
        Assert.All(rows, row => Assert.InRange(row.Attempts!.Value, 0.95, 1.4));
        Assert.NotNull(rows[0].EjectedMs);
        Assert.NotNull(rows[0].BackMs);
    }

    [Theory]
    [InlineData("", false, true, false, false)]
    [InlineData("", true, true, false, false)]
    [InlineData("status=503", true, false, true, false)]
    [InlineData("status=429", true, false, false, false)]
    [InlineData("rst=head", true, false, true, false)]
    [InlineData("fin=bytes:40", false, false, true, false)]
    [InlineData("rst=after:3", true, false, false, true)]
    [InlineData("end=after:3", true, false, false, true)]
    [InlineData("error=after:3", true, false, false, true)]
    [InlineData("error=after:0", true, false, true, false)]
    public async Task An_answer_is_good_or_lost_or_broken_as_its_client_saw_it(string fault, bool isStream, bool isGood, bool isLost, bool isBroken)
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        server.SetFault(fault);
        var load = OpenLoop.Start(
            server.Address, "demo-small", new Arrivals { Rate = 100, Count = 3, StreamShare = isStream ? 1 : 0, Seed = 1 }, TimeProvider.System, TestContext.Current.CancellationToken);
        var answers = await load.Answers;
        Assert.Equal(3, answers.Count);
        Assert.All(answers, answer => Assert.Equal((isGood, isLost, isBroken), (answer.IsGood, answer.IsLost, answer.IsBroken)));
    }

    [Fact]
    public async Task A_stopped_server_is_late_and_not_lost()
    {
        using var client = new HttpClient();
        await using var server = new FaultyServer(0, Path.Combine(AppContext.BaseDirectory, "blaze.dll"), EngineSize.Ample, client, TimeProvider.System);
        var cancellation = TestContext.Current.CancellationToken;
        await server.StartAsync(cancellation);
        server.Stop();
        var load = OpenLoop.Start(server.Address, FaultFleet.Model, new Arrivals { Rate = 100, Count = 1, Seed = 1 }, TimeProvider.System, cancellation);
        await load.ReachAsync(0.3, cancellation);
        Assert.False(load.Answers.IsCompleted);
        server.Continue();
        var answer = Assert.Single(await load.Answers);
        Assert.True(answer is { IsGood: true, Milliseconds: > 290 });
        Assert.Equal(1, await server.AttemptsAsync(cancellation));

        await server.KillAsync(cancellation);
        Assert.Equal(LoadOutcome.ConnectFailed, (await OpenLoop.Start(server.Address, FaultFleet.Model, new Arrivals { Rate = 100, Count = 1, Seed = 1 }, TimeProvider.System, cancellation).Answers)[0].Outcome);
        await server.StartAsync(cancellation);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(server.Address, "/health"), cancellation)).StatusCode);
        Assert.Equal(1, await server.AttemptsAsync(cancellation));
    }

    [Fact]
    public void A_row_counts_what_was_lost_and_how_long()
    {
        Answer Of(double at, double milliseconds, LoadOutcome outcome, int status, int contents = 0) =>
            new() { At = at, Milliseconds = milliseconds, FirstMilliseconds = milliseconds, Outcome = outcome, Status = status, IsStream = contents > 0, Contents = contents };
        var row = FaultRow.Of("x", [
            Of(0, 10, LoadOutcome.Ok, 200),
            Of(1, 1000, LoadOutcome.HttpError, 502),
            Of(2, 1001, LoadOutcome.Timeout, 0),
            Of(3, 30, LoadOutcome.CutInBody, 200, contents: 1),
            Of(4, 20, LoadOutcome.HttpError, 429),
        ]);
        Assert.Equal((5, 2, 1, 1001, 1, 1), (row.Requests, row.Lost, row.Broken, row.SlowestMs, row.Slow, row.WindowSeconds));
    }
}
