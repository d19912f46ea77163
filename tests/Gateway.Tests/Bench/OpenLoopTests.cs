using BlazeGateway.Bench;

namespace BlazeGateway.Tests.Bench;

public class OpenLoopTests
{
    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(800);

    [Fact]
    public async Task A_stall_shows_in_every_request_that_was_due_meanwhile()
    {
        var open = await StalledAsync(options => options with { Rate = 200, Poisson = false, Connections = 1, Duration = TimeSpan.FromSeconds(2) });
        var closed = await StalledAsync(options => options with { Concurrency = 1, Requests = 400 });

        Assert.Equal((400L, 400L), (open.Ok, closed.Ok));
        Assert.True(open.Latency.P90 > 400, $"a fifth of the arrivals waited longer than 400 ms, but p90 is {open.Latency.P90} ms");
        Assert.True(closed.Latency.P90 < 400, $"one of 400 answers was slow, but p90 is {closed.Latency.P90} ms");
        Assert.True(closed.Latency.Max > 700);
        Assert.True(open.Loader.WaitedForConnection >= 100);
    }

    [Fact]
    public async Task Connections_open_when_needed_up_to_the_cap()
    {
        var together = 0;
        var most = 0;
        var gate = new Lock();
        await using var server = await WebServer.StartAsync(async _ =>
        {
            var now = Interlocked.Increment(ref together);
            lock (gate)
            {
                most = Math.Max(most, now);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            Interlocked.Decrement(ref together);
        });

        var result = await Loads.RunAsync(Loads.Of(server.Url) with { Rate = 500, Connections = 7, Requests = 100 });

        Assert.Equal((100L, 7L, 7), (result.Ok, result.Connects, most));
    }

    [Fact]
    public async Task Arrivals_that_waited_past_the_timeout_are_timeouts()
    {
        await using var server = await WebServer.StartAsync(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));

        var result = await Loads.RunAsync(
            Loads.Of(server.Url) with { Rate = 100, Connections = 2, Requests = 20, Timeout = TimeSpan.FromMilliseconds(300) });

        Assert.Equal(Loads.Counts(("timeout", 20)), result.Outcomes);
    }

    [Fact]
    public async Task Recorded_arrivals_are_replayed()
    {
        await using var server = await WebServer.StartAsync(_ => Task.CompletedTask);
        TimeSpan[] starts = [.. new[] { 0, 10, 10, 300 }.Select(ms => TimeSpan.FromMilliseconds(ms))];

        var result = await Loads.RunAsync(Loads.Of(server.Url) with { Arrivals = starts, Requests = 100 });

        Assert.Equal(4, result.Ok);
        Assert.InRange(result.ElapsedSeconds, 0.3, 10);
    }

    [Fact]
    public async Task A_loader_that_starts_late_voids_its_figures()
    {
        await using var server = await WebServer.StartAsync(_ => Task.CompletedTask);

        var result = await Loads.RunAsync(Loads.Of(server.Url) with { Arrivals = Slow(TimeSpan.FromMilliseconds(30)), Requests = 20 });

        Assert.False(result.IsValid);
        Assert.Contains(result.Void, reason => reason.StartsWith("the loader itself lagged: figure void", StringComparison.Ordinal));
        Assert.True(result.Loader.Lag!.Max > 25);
        Assert.True(result.Latency.P50 > 25, "latency counts from the scheduled start");
    }

    private static IEnumerable<TimeSpan> Slow(TimeSpan hindrance)
    {
        using var never = new ManualResetEvent(false);
        for (var index = 1; ; index++)
        {
            never.WaitOne(hindrance);
            yield return TimeSpan.FromMilliseconds(index);
        }
    }

    private static async Task<LoadResult> StalledAsync(Func<LoadOptions, LoadOptions> shape)
    {
        var count = 0;
        await using var server = await WebServer.StartAsync(
            _ => Interlocked.Increment(ref count) == 100 ? Task.Delay(Stall, TimeProvider.System) : Task.CompletedTask);
        return await Loads.RunAsync(shape(Loads.Of(server.Url)));
    }
}
