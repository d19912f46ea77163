using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Tests.Destinations;

public sealed class PeakEwmaTests
{
    private static readonly TimeSpan Decay = TimeSpan.FromSeconds(10);

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void It_follows_a_rise_at_once_and_a_fall_slowly()
    {
        var average = new PeakEwma(Decay);
        Assert.False(average.HasSample);
        Assert.Equal(0, average.At(At(5)));
        average.Add(0.1, At(10));
        Assert.True(average.HasSample);
        Assert.Equal(0.1, average.At(At(10)), 6);
        average.Add(2, At(10.5));
        Assert.Equal(2, average.At(At(10.5)), 6);
        average.Add(0.1, At(20.5));
        Assert.Equal((2 / Math.E) + (0.1 * (1 - (1 / Math.E))), average.At(At(20.5)), 4);
        Assert.Equal(0.7989 / Math.E, average.At(At(30.5)), 4);
    }

    [Fact]
    public void Samples_at_one_moment_keep_the_highest()
    {
        var average = new PeakEwma(Decay);
        foreach (var sample in new[] { 0.3, 0.1, 0.5, 0.2 })
        {
            average.Add(sample, At(1));
        }

        Assert.Equal(0.5, average.At(At(1)), 6);
    }

    [Fact]
    public void A_clock_that_wraps_or_stands_a_little_behind_does_no_harm()
    {
        var average = new PeakEwma(Decay);
        var wrap = 16 * TimeSpan.FromMilliseconds(uint.MaxValue);
        average.Add(1, wrap - At(1));
        Assert.Equal(Math.Exp(-0.2), average.At(wrap + At(1)), 2);
        average.Add(0.2, wrap + At(1));
        Assert.InRange(average.At(wrap), 0.8, 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(26)]
    [InlineData(365)]
    public void What_is_long_ago_is_forgotten_for_good(int days)
    {
        var average = new PeakEwma(Decay);
        average.Add(5, At(1));
        Assert.Equal(0, average.At(TimeSpan.FromDays(days)), 6);
    }

    [Fact]
    public void Forgotten_is_as_new()
    {
        var average = new PeakEwma(Decay);
        average.Add(3, At(1));
        average.Reset();
        Assert.Equal((false, 0), (average.HasSample, average.At(At(1))));
    }

    [Fact]
    public void Threads_lose_no_peak()
    {
        var average = new PeakEwma(Decay);
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                average.Add(thread == 3 && i == 10_000 ? 9 : 0.001, At(1));
            }
        });
        Assert.Equal(9, average.At(At(1)), 5);
    }
}
