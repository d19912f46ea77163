using BlazeGateway.Bench;

namespace BlazeGateway.Tests.Bench;

public class BootstrapTests
{
    [Fact]
    public void The_interval_is_that_of_theory()
    {
        // For n = 9 the median of a resample is at most x(k) with P(Bin(9, k/9) >= 5): 0.030 for k = 2, 0.145 for k = 3.
        var interval = Bootstrap.OfMedian([1, 2, 3, 4, 5, 6, 7, 8, 9], seed: 1);

        Assert.Equal(new Interval(5, 3, 7), interval);
    }

    [Fact]
    public void A_wider_level_gives_a_wider_interval() =>
        Assert.Equal(new Interval(5, 2, 8), Bootstrap.OfMedian([9, 1, 8, 2, 7, 3, 6, 4, 5], seed: 1, level: 0.98));

    [Fact]
    public void Equal_values_leave_no_doubt() => Assert.Equal(new Interval(4, 4, 4), Bootstrap.OfMedian([4, 4, 4], seed: 1));

    [Fact]
    public void The_seed_decides() =>
        Assert.Equal(Bootstrap.OfMedian([1, 2, 4, 8, 16], seed: 3), Bootstrap.OfMedian([1, 2, 4, 8, 16], seed: 3));

    [Fact]
    public void An_even_count_has_the_mean_of_the_middle_two() => Assert.Equal(2.5, Bootstrap.Median([4, 1, 2, 3]));

    [Fact]
    public void Nothing_has_no_median() => Assert.Throws<ArgumentException>(() => Bootstrap.OfMedian([], seed: 1));
}
