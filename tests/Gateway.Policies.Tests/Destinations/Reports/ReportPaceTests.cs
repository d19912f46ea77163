using BlazeGateway.Policies.Destinations.Reports;

namespace BlazeGateway.Policies.Tests.Destinations.Reports;

public sealed class ReportPaceTests
{
    [Theory]
    [InlineData(0, true, 1, 200)]
    [InlineData(0, false, 1, 1000)]
    [InlineData(4, true, 1, 200)]
    [InlineData(4.2, true, 1, 210)]
    [InlineData(10, true, 1, 500)]
    [InlineData(99, true, 1, 4950)]
    [InlineData(100, true, 1, 5000)]
    [InlineData(101, true, 1, 5050)]
    [InlineData(599, true, 1, 29_950)]
    [InlineData(600, true, 1, 30_000)]
    [InlineData(601, true, 1, 30_000)]
    [InlineData(1, true, 50, 200)]
    [InlineData(1, true, 100, 400)]
    [InlineData(1, true, 1250, 5000)]
    [InlineData(1, true, 2000, 5000)]
    [InlineData(1, false, 100, 2000)]
    public void The_interval_is_what_the_destination_can_afford(double answerMilliseconds, bool isBusy, int destinations, double milliseconds)
    {
        var pace = new ReportPace();
        pace.Learn(ReportOutcome.Told, TimeSpan.FromMilliseconds(answerMilliseconds));
        Assert.Equal(milliseconds, pace.Interval(isBusy, destinations).TotalMilliseconds, 1);
    }

    [Fact]
    public void Answers_take_two_percent_of_its_time_at_most_whatever_they_take()
    {
        foreach (var took in new[] { 0.1, 1, 5, 20, 60, 100, 600 })
        {
            var pace = new ReportPace();
            pace.Learn(ReportOutcome.Told, TimeSpan.FromMilliseconds(took));
            Assert.InRange(took / pace.Interval(isBusy: true, 1).TotalMilliseconds, 0, 0.0201);
        }
    }

    [Fact]
    public void Failures_double_it_to_its_limit_and_an_answer_ends_that()
    {
        var pace = new ReportPace();
        foreach (var milliseconds in new[] { 400, 800, 1600, 3200, 5000, 5000 })
        {
            pace.Learn(ReportOutcome.Unreachable, TimeSpan.FromMilliseconds(1));
            Assert.Equal(milliseconds, pace.Interval(isBusy: true, 1).TotalMilliseconds);
        }

        pace.Learn(ReportOutcome.Told, TimeSpan.FromMilliseconds(1));
        Assert.Equal(200, pace.Interval(isBusy: true, 1).TotalMilliseconds);
    }

    [Theory]
    [InlineData(ReportOutcome.Absent)]
    [InlineData(ReportOutcome.Unauthorized)]
    [InlineData(ReportOutcome.Unreadable)]
    [InlineData(ReportOutcome.TooLarge)]
    internal void Who_refuses_is_seldom_asked_again(ReportOutcome outcome)
    {
        var pace = new ReportPace();
        pace.Learn(outcome, TimeSpan.FromMilliseconds(1));
        Assert.Equal(ReportPace.Refused, pace.Interval(isBusy: true, 1));
        pace.Forget();
        Assert.Equal(ReportPace.Busy, pace.Interval(isBusy: true, 1));
    }

    [Theory]
    [InlineData(0.2, 0.6)]
    [InlineData(0.6, 1.8)]
    [InlineData(0.7, 2)]
    [InlineData(5, 2)]
    public void A_report_is_good_for_three_periods_and_two_seconds_at_most(double interval, double seconds) =>
        Assert.Equal(seconds, ReportPace.GoodFor(TimeSpan.FromSeconds(interval)).TotalSeconds, 6);
}
