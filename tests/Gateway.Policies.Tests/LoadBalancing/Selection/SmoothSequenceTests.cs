using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

public sealed class SmoothSequenceTests
{
    private int _turn;

    [Fact]
    public void Turns_are_spread_as_nginx_spreads_them()
    {
        Assert.Equal("aabacaa", Text(5, 1, 1));
        Assert.Equal("aabacaa", Text(50, 10, 10));
        Assert.Equal("abcd", Text(7, 7, 7, 7));
        Assert.Equal("acac", Text(3, 0, 3) + Text(3, 0, 3));
    }

    [Fact]
    public void The_order_is_that_of_the_rule_step_by_step()
    {
        var random = new Random(1);
        for (var round = 0; round < 300; round++)
        {
            int[] weights = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(0, 20))];
            Assert.Equal(ByTheRule([.. Reduced(weights)]), new SmoothSequence(weights).Cycle.ToArray().Select(index => (int)index));
        }
    }

    [Theory]
    [InlineData(5, 1, 1)]
    [InlineData(10, 1, 1, 1, 1)]
    [InlineData(5, 3, 1)]
    [InlineData(256, 1)]
    [InlineData(100, 99, 1)]
    [InlineData(1, 2, 3, 4, 5, 6, 7, 8)]
    [InlineData(13, 7, 7, 3, 2, 2, 1, 0, 40)]
    [InlineData(251, 241, 239, 233, 3, 2, 1)]
    public void No_prefix_strays_by_a_whole_turn(params int[] weights)
    {
        var (ahead, behind) = Strays(weights);
        Assert.InRange(Math.Max(ahead, behind), 0.1, 0.999999);
    }

    /// <summary>The rule itself promises no more: 37, 55, 25, 55, 7, 7, 2, 8, 2 leaves one of the 7 behind by 1.11.</summary>
    [Fact]
    public void None_is_ahead_by_a_whole_turn_nor_far_behind_whatever_the_weights()
    {
        Assert.Equal(1.111, Strays(37, 55, 25, 55, 7, 7, 2, 8, 2).Behind, 0.001);
        var random = new Random(1);
        for (var round = 0; round < 1000; round++)
        {
            var (ahead, behind) = Strays([1, .. Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(0, random.Next(2, 100)))]);
            Assert.InRange(ahead, 0, 0.999999);
            Assert.InRange(behind, 0, 1.3);
        }
    }

    [Fact]
    public void No_weight_is_no_turn()
    {
        Assert.DoesNotContain((ushort)1, new SmoothSequence([3, 0, 2]).Cycle.ToArray());
        Assert.Equal(-1, new SmoothSequence([0, 0]).Next(Farm.Of(0, 0), ref _turn));
        Assert.Equal(-1, new SmoothSequence([]).Next([], ref _turn));
    }

    [Fact]
    public void A_cycle_too_long_is_scaled_and_keeps_the_shares()
    {
        var random = new Random(1);
        for (var round = 0; round < 100; round++)
        {
            int[] weights = [.. Enumerable.Range(0, random.Next(40, 200)).Select(_ => random.Next(8, 257)), 255, 256, 0];
            var cycle = new SmoothSequence(weights).Cycle.ToArray();
            var total = (double)weights.Sum();
            Assert.Equal(SmoothSequence.MostTurns, cycle.Length);
            var counts = Counts(cycle, weights.Length);
            for (var i = 0; i < weights.Length; i++)
            {
                Assert.Equal(weights[i] / total, counts[i] / (double)cycle.Length, 1.0 / SmoothSequence.MostTurns);
            }
        }
    }

    [Theory]
    [InlineData(4095, 1)]
    [InlineData(1, 1)]
    [InlineData(2000, 20)]
    [InlineData(10_000, 0)]
    public void Scaled_down_the_lightest_keep_a_turn(int light, int heavy)
    {
        int[] weights = [.. Enumerable.Repeat(1, light), .. Enumerable.Repeat(256, heavy), .. Enumerable.Range(200, 30)];
        var sequence = new SmoothSequence(weights);
        Assert.Equal(Math.Min(weights.Sum(), Math.Max(SmoothSequence.MostTurns, SmoothSequence.Fineness * weights.Length)), sequence.Cycle.Length);
        Assert.All(Counts(sequence.Cycle.ToArray(), weights.Length), count => Assert.InRange(count, 1, int.MaxValue));
    }

    [Fact]
    public void Ten_thousand_of_many_weights_have_a_cycle_too()
    {
        int[] weights = [.. Enumerable.Range(0, 10_000).Select(i => i % 257)];
        var counts = Counts(new SmoothSequence(weights).Cycle.ToArray(), weights.Length);
        Assert.Equal((39_844, 0), (counts.Sum(), counts[0]));
        Assert.InRange(counts[256], 7, 8);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SmoothSequence(new int[65_537]));
    }

    [Fact]
    public void The_turns_of_one_that_is_closed_lapse_and_the_others_keep_their_order()
    {
        var sequence = new SmoothSequence([5, 1, 1]);
        var farm = Farm.Of(5, 1, 1);
        farm[1].Close();
        Assert.Equal("aaacaa" + "aaacaa", Played(sequence, farm, 12));
        farm[1].MaxInFlight = 100;
        farm[0].Close();
        Assert.Equal("bcbc", Played(sequence, farm, 4));
        farm[1].Close();
        farm[2].Close();
        Assert.Equal(-1, sequence.Next(farm, ref _turn));
    }

    [Fact]
    public void A_turn_from_before_is_good_for_a_shorter_cycle()
    {
        foreach (var turn in new[] { 99, int.MaxValue, -1, int.MinValue })
        {
            _turn = turn;
            Assert.Equal([50, 10, 10], Farm.Count(Farm.Of(5, 1, 1), 70, farm => new SmoothSequence([5, 1, 1]).Next(farm, ref _turn)));
        }
    }

    [Fact]
    public void Eight_at_once_take_each_turn_once()
    {
        var sequence = new SmoothSequence([5, 3, 1, 1]);
        Assert.Equal([500_000, 300_000, 100_000, 100_000], Farm.CountInParallel(Farm.Of(5, 3, 1, 1), 125_000, farm => sequence.Next(farm, ref _turn)));
        var oneClosed = Farm.Of(5, 3, 1, 1);
        oneClosed[2].Close();
        Assert.Equal([500_000, 300_000, 0, 100_000], Farm.CountInParallel(oneClosed, 112_500, farm => sequence.Next(farm, ref _turn)));
    }

    [Fact]
    public void A_pick_allocates_nothing()
    {
        var sequence = new SmoothSequence([5, 3, 1, 1]);
        Assert.Equal(0, Farm.Allocated(Farm.Of(5, 3, 1, 1), farm => sequence.Next(farm, ref _turn)));
    }

    private static string Text(params int[] weights) => string.Concat(new SmoothSequence(weights).Cycle.ToArray().Select(index => (char)('a' + index)));

    private static int[] Counts(ushort[] cycle, int length)
    {
        var counts = new int[length];
        Array.ForEach(cycle, index => counts[index]++);
        return counts;
    }

    /// <summary>Furthest any destination is from its share after any number of turns.</summary>
    private static (double Ahead, double Behind) Strays(params int[] weights)
    {
        var (counts, total, ahead, behind) = (new int[weights.Length], (double)weights.Sum(), 0.0, 0.0);
        var cycle = new SmoothSequence(weights).Cycle;
        for (var turns = 1; turns <= cycle.Length; turns++)
        {
            counts[cycle[turns - 1]]++;
            for (var i = 0; i < weights.Length; i++)
            {
                var stray = counts[i] - (turns * weights[i] / total);
                (ahead, behind) = (Math.Max(ahead, stray), Math.Max(behind, -stray));
            }
        }

        return (ahead, behind);
    }

    private static IEnumerable<int> Reduced(int[] weights)
    {
        var divisor = Enumerable.Range(1, 20).Last(candidate => candidate == 1 || weights.All(weight => weight % candidate == 0));
        return weights.Select(weight => weight / divisor);
    }

    /// <summary>nginx's ngx_http_upstream_get_peer, as it stands there.</summary>
    private static IEnumerable<int> ByTheRule(int[] weights)
    {
        var (current, total) = (new int[weights.Length], weights.Sum());
        for (var step = 0; step < total; step++)
        {
            var best = -1;
            for (var i = 0; i < weights.Length; i++)
            {
                current[i] += weights[i];
                best = best < 0 || current[i] > current[best] ? i : best;
            }

            current[best] -= total;
            yield return best;
        }
    }

    private string Played(SmoothSequence sequence, DestinationLoad[] farm, int picks) =>
        string.Concat(Enumerable.Range(0, picks).Select(_ => (char)('a' + sequence.Next(farm, ref _turn))));
}
