using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Tests.Health;

public sealed class SlowStartTests
{
    [Theory]
    [InlineData(0, 0.1)]
    [InlineData(2.9, 0.1)]
    [InlineData(3, 0.1)]
    [InlineData(15, 0.5)]
    [InlineData(29.9, 0.9967)]
    [InlineData(30, 1)]
    [InlineData(1000, 1)]
    public void The_weight_grows_linearly_from_a_tenth(double seconds, double weight) =>
        Assert.Equal(weight, SlowStart.Weight(TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(30)), 4);

    [Fact]
    public void Without_a_window_there_is_no_easing_in() => Assert.Equal(1, SlowStart.Weight(TimeSpan.Zero, TimeSpan.Zero));

    /// <summary>A timer takes 49.7 days at most; one that cannot be set would end the process, since nobody awaits the one before it.</summary>
    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(1.5)]
    [InlineData(49)]
    [InlineData(50)]
    [InlineData(120)]
    public void Easing_in_ends_after_its_window_however_long_it_is(double days)
    {
        var window = TimeSpan.FromDays(days);
        using var cluster = new TestCluster(TestCluster.ModelServers with { Health = new() { SlowStartWindow = window } }, "a");
        cluster.Add("b");
        cluster.Registry.UpdateAllDestinations(cluster.State);

        cluster.Time.Advance(window - TimeSpan.FromMilliseconds(1));
        Assert.True(cluster["b"].Word.IsSlow);
        cluster.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(cluster["b"].Word.IsSlow);
    }

    [Fact]
    public void Easing_in_for_ever_is_no_fault()
    {
        using var cluster = new TestCluster(TestCluster.ModelServers with { Health = new() { SlowStartWindow = TimeSpan.MaxValue } }, "a");
        cluster.Advance(1);
        cluster.Add("b");
        cluster.Registry.UpdateAllDestinations(cluster.State);
        cluster.Time.Advance(TimeSpan.FromDays(100));
        Assert.True(cluster["b"].Word.IsSlow);
    }

    [Theory]
    [InlineData(1, 2, 0.1)]
    [InlineData(1, 2, 0.5)]
    [InlineData(2, 1, 0.25)]
    [InlineData(3, 0, 0.1)]
    public void An_even_pick_gives_each_its_weights_share(int slow, int settled, double weight)
    {
        var candidates = slow + settled;
        var total = settled + (slow * weight);
        var chance = new Chance(7);
        const int Picks = 200_000;
        var kept = 0;
        for (var i = 0; i < Picks; i++)
        {
            // The first of the slow ones is picked evenly; what does not stand goes to a settled one.
            kept += chance.Next() < 1.0 / candidates && chance.Next() < SlowStart.Acceptance(weight, candidates, total) ? 1 : 0;
        }

        Assert.Equal(weight / total, kept / (double)Picks, 0.005);
    }

    [Fact]
    public void Chance_is_even_and_repeats_for_a_seed()
    {
        var (one, other) = (new Chance(3), new Chance(3));
        var buckets = new int[10];
        for (var i = 0; i < 100_000; i++)
        {
            var value = one.Next();
            Assert.Equal(value, other.Next());
            buckets[(int)(value * 10)]++;
        }

        Assert.All(buckets, count => Assert.InRange(count, 9_500, 10_500));
    }
}
