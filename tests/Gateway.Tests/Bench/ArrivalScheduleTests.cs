using BlazeGateway.Bench;

namespace BlazeGateway.Tests.Bench;

public class ArrivalScheduleTests
{
    [Fact]
    public void Constant_arrivals_have_equal_gaps_and_do_not_drift()
    {
        var starts = ArrivalSchedule.Constant(3).Take(3_001).ToArray();

        Assert.Equal(TimeSpan.Zero, starts[0]);
        Assert.Equal(1.0 / 3, starts[1].TotalSeconds, 1e-6);
        Assert.Equal(1_000, starts[3_000].TotalSeconds, 1e-6);
    }

    [Fact]
    public void Poisson_arrivals_have_the_rate_and_the_spread_of_exponential_gaps()
    {
        const int Count = 20_000;
        var starts = ArrivalSchedule.Poisson(100, seed: 7).Take(Count).Select(start => start.TotalSeconds).ToArray();
        var gaps = starts.Zip(starts.Skip(1), (a, b) => b - a).ToArray();
        var mean = gaps.Average();
        var deviation = Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean)));

        Assert.Equal(0.01, mean, 0.0003);
        Assert.Equal(1.0, deviation / mean, 0.03);
        Assert.All(gaps, gap => Assert.True(gap >= 0));
    }

    [Fact]
    public void The_seed_decides_every_arrival()
    {
        Assert.Equal(ArrivalSchedule.Poisson(50, 1).Take(100), ArrivalSchedule.Poisson(50, 1).Take(100));
        Assert.NotEqual(ArrivalSchedule.Poisson(50, 1).Take(100), ArrivalSchedule.Poisson(50, 2).Take(100));
    }

    [Theory]
    [InlineData(1.0, null, 100)]
    [InlineData(null, 30L, 30)]
    [InlineData(1.0, 30L, 30)]
    [InlineData(0.2, 30L, 20)]
    public void Ends_at_the_duration_or_the_number_of_requests(double? seconds, long? requests, int expected)
    {
        var options = Loads.Of(new Uri("http://127.0.0.1:1")) with
        {
            Rate = 100,
            Poisson = false,
            Duration = seconds is { } duration ? TimeSpan.FromSeconds(duration) : null,
            Requests = requests,
        };

        Assert.Equal(expected, ArrivalSchedule.Create(options).Count());
    }
}
