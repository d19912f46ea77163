using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>How often destinations are probed, and how long an answer is waited for.</summary>
public sealed class ProbePaceTests
{
    [Fact]
    public void Silence_makes_the_wait_as_long_as_it_may_be_until_there_is_an_answer()
    {
        var pace = new ProbePace();
        Learn(pace, 128, 2);
        Assert.Equal(0.25, pace.Patience.TotalSeconds);
        pace.LearnSilence(TimeSpan.FromSeconds(0.25));
        Assert.Equal(1, pace.Patience.TotalSeconds);
        Learn(pace, 1, 850);
        Assert.Equal(1, pace.Patience.TotalSeconds);
        Learn(pace, 127, 2);
        Assert.Equal(0.25, pace.Patience.TotalSeconds);
    }

    [Fact]
    public void Where_requests_wait_the_second_of_a_pair_waits_as_the_first_did()
    {
        var pace = new ProbePace();
        Learn(pace, 20, 50);
        Assert.Equal(0.25, pace.Patience.TotalSeconds);
        pace.LearnSilence(TimeSpan.FromSeconds(0.25), isAwaited: true);
        Assert.Equal(0.25, pace.Patience.TotalSeconds);
        pace.LearnSilence(TimeSpan.FromSeconds(0.25), isAwaited: true);
        Assert.Equal(1, pace.Patience.TotalSeconds);

        // It is back, and slower than it was: it has to show otherwise before it is hurried again.
        Learn(pace, 1, 850);
        Assert.Equal(1, pace.Patience.TotalSeconds);
        pace.LearnSilence(TimeSpan.FromSeconds(1), isAwaited: true);
        Assert.Equal(1, pace.Patience.TotalSeconds);
        Learn(pace, 128, 2);
        Assert.Equal(0.25, pace.Patience.TotalSeconds);
    }

    [Fact]
    public void One_that_does_not_count_is_none_of_the_pair_but_three_are_enough()
    {
        var pace = new ProbePace();
        Learn(pace, 20, 2);
        pace.LearnSilence(TimeSpan.FromSeconds(0.25), isAwaited: true, counts: false);
        pace.LearnSilence(TimeSpan.FromSeconds(0.25), isAwaited: true);
        Assert.Equal(0.25, pace.Patience.TotalSeconds);
        pace.LearnSilence(TimeSpan.FromSeconds(0.25), isAwaited: true);
        Assert.Equal(1, pace.Patience.TotalSeconds);

        var busy = new ProbePace();
        Learn(busy, 20, 2);
        busy.LearnSilence(TimeSpan.FromSeconds(0.25), isAwaited: true, counts: false);
        busy.LearnSilence(TimeSpan.FromSeconds(0.25), isAwaited: true, counts: false);
        Assert.Equal(0.25, busy.Patience.TotalSeconds);
        busy.LearnSilence(TimeSpan.FromSeconds(0.25), isAwaited: true, counts: false);
        Assert.Equal(1, busy.Patience.TotalSeconds);
    }

    [Theory]
    [InlineData(7, 1)]
    [InlineData(8, 0.25)]
    [InlineData(9, 0.25)]
    public void A_few_answers_are_enough_and_the_longest_of_them_may_be_the_first(int answers, double seconds)
    {
        var pace = new ProbePace();
        Learn(pace, 1, 400);
        Learn(pace, answers - 1, 2);
        Assert.Equal(seconds, pace.Patience.TotalSeconds);
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(50, 0, 1)]
    [InlineData(100, 0, 2)]
    [InlineData(100, 1, 1)]
    [InlineData(500, 0, 10)]
    public void Large_clusters_are_probed_more_slowly(int destinations, int urgent, double seconds) =>
        Assert.Equal(seconds, ProbePace.Interval(isCalm: urgent == 0, destinations).TotalSeconds, 6);

    [Fact]
    public void The_wait_for_an_answer_follows_what_answers_took()
    {
        var pace = new ProbePace();
        Assert.Equal(1, pace.Patience.TotalSeconds);
        Learn(pace, 8, 2);
        Assert.Equal(0.25, pace.Patience.TotalSeconds);
        Learn(pace, 128, 100);
        Assert.Equal(0.5, pace.Patience.TotalSeconds);
        Learn(pace, 2, 150);
        Assert.Equal(0.75, pace.Patience.TotalSeconds);
        Learn(pace, 128, 900);
        Assert.Equal(1, pace.Patience.TotalSeconds);
    }

    private static void Learn(ProbePace pace, int times, double milliseconds)
    {
        for (var i = 0; i < times; i++)
        {
            pace.Learn(TimeSpan.FromMilliseconds(milliseconds));
        }
    }
}
