using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using static BlazeGateway.Policies.Tests.Pipeline.ReserveScene;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>A share of the places is kept for critical requests: the others begin only where more is free.</summary>
public class CriticalReserveTests
{
    [Theory]
    [InlineData(2, null)]
    [InlineData(null, 4)]
    [InlineData(3, 4)]
    public async Task What_is_kept_is_taken_by_critical_requests_alone_and_kept_again(int? capacity, int? inFlight)
    {
        await using var scene = await StartAsync(Of(0.25, capacity, inFlight), 2);
        var (callers, exchanges) = (new Stack<Caller>(), new Stack<Exchange>());
        for (var i = 0; i < 3; i++)
        {
            callers.Push(await SendAsync(scene, i == 0 ? "batch" : "standard"));
            exchanges.Push((await scene.NextAsync()).Exchange);
        }

        // Three of four places are taken; the last is not for this one.
        await using var waits = await SendAsync(scene, "standard");
        await WaitingAsync(scene, 1);
        await using var critical = await SendAsync(scene, "critical");
        var served = await BeginsAsync(scene, "critical");

        // The place that comes free is kept for the next.
        await EndAsync(callers.Pop(), exchanges.Pop());
        await using var next = await SendAsync(scene, "critical");
        var servedNext = await BeginsAsync(scene, "critical");
        Assert.Equal((1, 1), (Report(scene).Waiting["standard"], Report(scene).Reserved));
        await EndAsync(critical, served);
        await EndAsync(next, servedNext);
        await EndAsync(waits, await BeginsAsync(scene, "standard"));
        while (callers.TryPop(out var caller))
        {
            await EndAsync(caller, exchanges.Pop());
        }

        await scene.RestAsync();
        Assert.Equal((0, 0), (scene.Host.Get<Admissions>().Waiting, scene.Host.Get<Admissions>().Granted));
    }

    [Theory]
    [InlineData(0.5, 1, 1, 0)]
    [InlineData(0.5, 1, 2, 1)]
    [InlineData(0.01, 1, 2, 1)]
    [InlineData(0.125, 3, 8, 3)]
    [InlineData(0.126, 3, 8, 4)]
    [InlineData(0.0, 3, 8, 0)]
    [InlineData(0.5, 2, null, 0)]
    public async Task Whole_places_are_kept_and_never_the_only_one(double reserve, int destinations, int? capacity, int expected)
    {
        await using var scene = await StartAsync(Of(reserve, capacity, capacity is null ? null : 1000), destinations);
        await using var caller = await SendAsync(scene, "batch");
        await EndAsync(caller, await BeginsAsync(scene, "batch"));
        await scene.RestAsync();
        Assert.Equal(expected, Report(scene).Reserved);
    }

    /// <summary>More critical ones than there are places leave nothing to keep: who waits below them still has its twentieth.</summary>
    [Fact]
    public async Task While_critical_requests_wait_themselves_others_have_their_turn()
    {
        await using var scene = await StartAsync(Of(0.5, 2));
        var callers = new List<Caller> { await SendAsync(scene, "critical"), await SendAsync(scene, "critical") };
        Exchange[] first = [await BeginsAsync(scene, "critical"), await BeginsAsync(scene, "critical")];
        callers.Add(await SendAsync(scene, "batch"));
        await WaitingAsync(scene, 1);
        for (var i = 0; i < 20; i++)
        {
            callers.Add(await SendAsync(scene, "critical"));
            await WaitingAsync(scene, i + 2);
        }

        var order = new List<string>();
        await first[0].AnswerAsync(FailoverScene.Answer);
        for (var i = 0; i < 21; i++)
        {
            var (exchange, _) = await scene.NextAsync();
            order.Add(Encoding.UTF8.GetString(await exchange.Body).Contains("batch", StringComparison.Ordinal) ? "batch" : "critical");
            await exchange.AnswerAsync(FailoverScene.Answer);
        }

        Assert.Equal(18, order.IndexOf("batch"));
        await first[1].AnswerAsync(FailoverScene.Answer);
        foreach (var caller in callers)
        {
            await caller.HeadAsync().Soon();
            await caller.EndAsync().Soon();
            Assert.Equal(200, caller.Status);
            await caller.DisposeAsync();
        }

        await scene.RestAsync();
    }

    /// <summary>Those that take what is kept for them pass nobody over, so nobody is due for it after any number of them.</summary>
    [Fact]
    public async Task However_many_take_what_is_kept_it_stays_theirs()
    {
        await using var scene = await StartAsync(Of(0.5, 2));
        await using var first = await SendAsync(scene, "batch");
        var held = await BeginsAsync(scene, "batch");
        await using var waits = await SendAsync(scene, "batch");
        await WaitingAsync(scene, 1);
        for (var i = 0; i < 25; i++)
        {
            await using var critical = await SendAsync(scene, "critical");
            await EndAsync(critical, await BeginsAsync(scene, "critical"));
            await Waiting.UntilAsync(() => scene.Host.Get<RequestContextPool>().InFlight == 2, () => "The request was not settled.");
        }

        await EndAsync(first, held);
        await EndAsync(waits, await BeginsAsync(scene, "batch"));
        await scene.RestAsync();
    }

    /// <summary>One that is tried again asks for a place as if it came: of the two of the destination that is left for it, one is kept.</summary>
    [Fact]
    public async Task What_is_retried_takes_nothing_that_is_kept()
    {
        await using var scene = await StartAsync(Of(0.25, 2), 2);
        await using var failing = await SendAsync(scene, "standard");
        var failed = await BeginsAsync(scene, "standard");
        await using var other = await SendAsync(scene, "standard");
        var (held, _) = await scene.NextAsync();
        await failed.AnswerAsync("busy", "text/plain", "503 Busy");
        await WaitingAsync(scene, 1);
        await using var critical = await SendAsync(scene, "critical");
        var urgent = await BeginsAsync(scene, "critical");
        await EndAsync(critical, urgent);
        await EndAsync(other, held);
        await EndAsync(failing, await BeginsAsync(scene, "standard"));
        Assert.Equal("2", failing.Header("X-Blaze-Attempts"));
        await scene.RestAsync();
    }
}
