using BlazeGateway.CommandLine.Doctor;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Tests.CommandLine.Doctor;

public class ClockCheckTests
{
    private static async Task<Finding> RunAsync(int year, double jumpMilliseconds = 0)
    {
        var wall = new FakeTimeProvider(new DateTimeOffset(year, 6, 1, 0, 0, 0, TimeSpan.Zero));
        var steady = new FakeTimeProvider();
        var check = ClockCheck.RunAsync(wall, steady, TestContext.Current.CancellationToken);
        wall.Advance(TimeSpan.FromMilliseconds(200 + jumpMilliseconds));
        steady.Advance(TimeSpan.FromMilliseconds(200));
        return await check;
    }

    [Theory]
    [InlineData(1970, nameof(Verdict.Fail))]
    [InlineData(2024, nameof(Verdict.Fail))]
    [InlineData(2025, nameof(Verdict.Ok))]
    [InlineData(2100, nameof(Verdict.Ok))]
    [InlineData(2101, nameof(Verdict.Fail))]
    public async Task An_implausible_year_fails(int year, string expected) => Assert.Equal(expected, (await RunAsync(year)).Verdict.ToString());

    [Theory]
    [InlineData(50, nameof(Verdict.Ok))]
    [InlineData(51, nameof(Verdict.Warn))]
    [InlineData(-50, nameof(Verdict.Ok))]
    [InlineData(-51, nameof(Verdict.Warn))]
    public async Task A_clock_that_jumps_is_a_warning(double milliseconds, string expected) =>
        Assert.Equal(expected, (await RunAsync(2026, milliseconds)).Verdict.ToString());
}
