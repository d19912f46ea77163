using BlazeGateway.Policies.Admission;

namespace BlazeGateway.Policies.Tests.Admission;

public class GradientLimitTests
{
    private TimeSpan _now;

    /// <summary>
    /// One window of a model server that generates <paramref name="capacity"/> answers at once, each in twenty times the time of a first chunk: the rest wait for
    /// a place in its batch. As many requests are there as may be and are wanted.
    /// </summary>
    private void Window(GradientLimit limit, int capacity, int wanted = int.MaxValue, Func<double>? noise = null)
    {
        for (var i = 0; i < GradientLimit.Least; i++)
        {
            var inFlight = Math.Min(limit.Limit, wanted);
            var seconds = 0.2 + (Math.Max(0, inFlight - capacity) * 4.0 / capacity);
            _now += TimeSpan.FromSeconds(0.3);
            limit.Add(_now, seconds * (noise?.Invoke() ?? 1), inFlight);
        }
    }

    /// <summary>By Little's law a server is used to the full, and nobody waits, with as many requests as it works on at once.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(32)]
    [InlineData(64)]
    [InlineData(256)]
    public void It_finds_what_a_server_serves_at_once(int capacity)
    {
        var limit = new GradientLimit(GradientLimit.MostUnknown);
        Window(limit, 1000, wanted: 1);
        for (var i = 0; i < 100; i++)
        {
            Window(limit, capacity);
        }

        Assert.InRange(limit.Limit, capacity * 0.8, Math.Max(capacity * 1.2, capacity + 1));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(128)]
    public void It_follows_a_server_that_loses_half_of_what_it_serves_at_once_within_30_windows(int before)
    {
        var random = new Random(3);
        var limit = new GradientLimit(GradientLimit.MostUnknown);
        double Noise() => 0.9 + (0.2 * random.NextDouble());
        Window(limit, 1000, wanted: 1);
        for (var i = 0; i < 60; i++)
        {
            Window(limit, before, noise: Noise);
        }

        for (var i = 0; i < 30; i++)
        {
            Window(limit, before / 2, noise: Noise);
        }

        Assert.InRange(limit.Limit, before / 2 * 0.8, before / 2 * 1.2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(200)]
    public void It_does_not_drift_while_answers_take_as_long_as_ever(int wanted)
    {
        var random = new Random(5);
        var limit = new GradientLimit(GradientLimit.MostUnknown);
        for (var i = 0; i < 100; i++)
        {
            Window(limit, 1000, wanted, () => 0.8 + (0.4 * random.NextDouble()));
        }

        var settled = limit.Limit;
        Assert.True(settled > wanted, $"{settled}");
        for (var i = 0; i < 1000; i++)
        {
            Window(limit, 1000, wanted, () => 0.8 + (0.4 * random.NextDouble()));
        }

        Assert.InRange(limit.Limit, settled * 0.9, settled * 1.1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void It_stays_between_1_and_the_most(int most)
    {
        var limit = new GradientLimit(most);
        for (var i = 0; i < 50; i++)
        {
            Window(limit, 1000);
            Assert.InRange(limit.Limit, 1, most);
        }

        Assert.Equal(most, limit.Limit);
        for (var i = 0; i < 100; i++)
        {
            _now += TimeSpan.FromSeconds(1);
            limit.Add(_now, 10 + i, most);
            Assert.InRange(limit.Limit, 1, most);
        }
    }

    [Theory]
    [InlineData(GradientLimit.Least - 1, 2000, false)]
    [InlineData(GradientLimit.Least, 999, false)]
    [InlineData(GradientLimit.Least, 1000, true)]
    [InlineData(GradientLimit.Room + 5, 1000, true)]
    public void A_window_ends_after_enough_samples_and_a_second(int samples, int milliseconds, bool ends)
    {
        var limit = new GradientLimit(100);
        for (var i = 1; i < samples; i++)
        {
            Assert.False(limit.Add(TimeSpan.Zero, 0.1, 1));
        }

        Assert.Equal(ends, limit.Add(TimeSpan.FromMilliseconds(milliseconds), 0.1, 1));
    }

    [Fact]
    public void Learning_allocates_nothing()
    {
        var limit = new GradientLimit(100);
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                _now += TimeSpan.FromSeconds(0.1);
                limit.Add(_now, 0.1, 1);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
