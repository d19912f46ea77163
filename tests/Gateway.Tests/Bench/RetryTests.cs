using System.Globalization;
using BlazeGateway.Bench;

namespace BlazeGateway.Tests.Bench;

public class RetryTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_waits_as_long_as_retry_after_asks(bool isOpenLoop)
    {
        var count = 0;
        await using var server = await WebServer.StartAsync(context =>
        {
            if (Interlocked.Increment(ref count) == 1)
            {
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "1";
            }

            return Task.CompletedTask;
        });
        var options = Loads.Of(server.Url) with { Retries = 2, Requests = 3 };

        var result = await Loads.RunAsync(isOpenLoop ? options with { Rate = 100 } : options with { Concurrency = 1 });

        Assert.Equal((3L, 4L, 1L), (result.Ok, result.Attempts, result.Statuses["429"]));
        Assert.InRange(result.Latency.Max, 1_000, 10_000);
        Assert.True(result.Latency.P50 < 1_000);
    }

    [Fact]
    public async Task A_client_gives_up_after_its_retries()
    {
        await using var server = await WebServer.StartAsync(context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "0.05";
            return Task.CompletedTask;
        });

        var result = await Loads.RunAsync(Loads.Closed(server.Url, 2, 4) with { Retries = 3 });

        Assert.Equal((0L, 4L, 16L), (result.Ok, result.Outcomes["http_error"], result.Attempts));
    }

    [Fact]
    public async Task A_client_repeats_after_a_lost_connection()
    {
        await using var server = new RawServer([]);

        var result = await Loads.RunAsync(Loads.Closed(server.Url, 1, 1) with { Retries = 1 });

        Assert.Equal((2L, 1L), (result.Attempts, result.Outcomes["closed_before_head"]));
        Assert.Equal(2, server.Connections);
    }

    [Theory]
    [InlineData(400, false)]
    [InlineData(401, false)]
    [InlineData(404, false)]
    [InlineData(408, true)]
    [InlineData(409, true)]
    [InlineData(429, true)]
    [InlineData(499, false)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    public void Only_some_statuses_are_repeated(int status, bool isRepeated) =>
        Assert.Equal(isRepeated, RetrySchedule.IsRetryable(LoadOutcome.HttpError, status));

    [Theory]
    [InlineData(nameof(LoadOutcome.ConnectFailed), true)]
    [InlineData(nameof(LoadOutcome.ClosedBeforeHead), true)]
    [InlineData(nameof(LoadOutcome.CutInBody), false)]
    [InlineData(nameof(LoadOutcome.Timeout), false)]
    [InlineData(nameof(LoadOutcome.ErrorInStream), false)]
    [InlineData(nameof(LoadOutcome.Ok), false)]
    public void What_was_begun_is_not_repeated(string outcome, bool isRepeated) =>
        Assert.Equal(isRepeated, RetrySchedule.IsRetryable(Enum.Parse<LoadOutcome>(outcome), 0));

    [Theory]
    [InlineData("2", 2)]
    [InlineData("0.25", 0.25)]
    [InlineData("59", 59)]
    [InlineData("60", 60)]
    [InlineData("61", 0.5)]
    [InlineData("0", 0.5)]
    [InlineData("soon", 0.5)]
    [InlineData(null, 0.5)]
    public void Retry_after_counts_up_to_a_minute(string? value, double seconds) =>
        Assert.Equal(seconds, RetrySchedule.Delay(1, value, Now, chance: 0).TotalSeconds);

    [Fact]
    public void Retry_after_may_be_a_date() =>
        Assert.Equal(30, RetrySchedule.Delay(1, Now.AddSeconds(30).ToString("r", CultureInfo.InvariantCulture), Now, 0).TotalSeconds);

    [Theory]
    [InlineData(1, 0, 0.5)]
    [InlineData(2, 0, 1)]
    [InlineData(5, 0, 8)]
    [InlineData(10, 0, 8)]
    [InlineData(5, 0.999999999, 6)]
    public void The_wait_doubles_to_eight_seconds_less_a_quarter_at_most(int attempt, double chance, double seconds) =>
        Assert.Equal(seconds, RetrySchedule.Delay(attempt, null, Now, chance).TotalSeconds, 1e-3);
}
