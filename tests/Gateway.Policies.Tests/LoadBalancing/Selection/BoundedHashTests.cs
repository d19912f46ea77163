using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

public sealed class BoundedHashTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(20, 1.2, 0.55)]
    [InlineData(20, 0.99, 0.7)]
    [InlineData(50, 0.99, 0.6)]
    [InlineData(100, 1.2, 0.3)]
    public void No_destination_gets_more_than_its_share_and_keys_stay_home_as_far_as_that_goes(int count, double skew, double home)
    {
        const double bound = HashPlacement.DefaultBound;
        var placed = Placed.Even(count);
        var free = Placed.Even(count, double.PositiveInfinity);
        var keys = Zipf(10_000, skew);
        var chance = new Chance(1);
        var queue = new Queue<int>();
        var (picks, atHome, highest) = (20_000, 0, 0);
        for (var i = 0; i < picks; i++)
        {
            if (queue.Count == 20 * count)
            {
                placed.Loads[queue.Dequeue()].Release();
            }

            var key = placed.Key(Draw(keys, chance.Next()));
            var index = placed.Pick(key);
            placed.Loads[index].Reserve();
            queue.Enqueue(index);
            Assert.InRange(placed.Loads[index].InFlight, 1, (int)Math.Ceiling(bound * queue.Count / count));
            atHome += index == free.Pick(key) ? 1 : 0;
            highest = Math.Max(highest, placed.Loads.Max(load => load.InFlight));
        }

        output.WriteLine($"{count} destinations, Zipf {skew}: max/mean {highest / 20.0:F3}, {(double)atHome / picks:P1} at home");
        Assert.InRange(highest / 20.0, 1, bound);
        Assert.InRange((double)atHome / picks, home, 1);
    }

    [Fact]
    public void Weights_count_in_the_bound()
    {
        int[] weights = [7, 2, 1];
        var placed = new Placed(weights.Select((weight, i) => ($"server-{i}", weight)), bound: 1);
        for (var i = 0; i < 100; i++)
        {
            placed.Loads[placed.Pick(placed.Key(0))].Reserve();
        }

        Assert.Equal([70, 20, 10], placed.Loads.Select(load => load.InFlight));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    public void A_full_destination_is_passed_over_and_its_room_is_not_counted(int count)
    {
        var placed = Placed.Even(count);
        var home = placed.Pick(placed.Key(0));
        placed.Loads[home].MaxInFlight = 0;
        for (var i = 0; i < 40 * (count - 1); i++)
        {
            var index = placed.Pick(placed.Key(0));
            Assert.NotEqual(home, index);
            placed.Loads[index].Reserve();
        }

        Assert.Equal((int)Math.Ceiling(1.25 * 40), placed.Loads.Max(load => load.InFlight));
        placed.Loads[home].MaxInFlight = int.MaxValue;
        Assert.Equal(home, placed.Pick(placed.Key(0)));
    }

    [Fact]
    public void Where_totals_are_too_old_for_anyone_to_have_room_the_key_is_at_home()
    {
        const int count = 100;
        var placed = Placed.Even(count);
        var homes = placed.Picks(200);
        foreach (var load in placed.Loads)
        {
            load.Reserve();
            load.Reserve();
        }

        var old = new HashTotals(0, count);
        Assert.Equal(homes, Enumerable.Range(0, 200).Select(number => placed.Placement.Pick(placed.Key(number), placed.Loads, placed.Candidates, old)));
        var now = placed.Placement.Sum(placed.Loads, placed.Candidates);
        Assert.Equal(new HashTotals(2 * count, count), now);
        Assert.Equal(placed.Picks(200), Enumerable.Range(0, 200).Select(number => placed.Pick(placed.Key(number))));
    }

    /// <summary>Cumulated shares of keys whose shares fall as 1 / rank^skew.</summary>
    private static double[] Zipf(int keys, double skew)
    {
        var sums = new double[keys];
        var sum = 0.0;
        for (var i = 0; i < keys; i++)
        {
            sums[i] = sum += Math.Pow(i + 1, -skew);
        }

        return [.. sums.Select(part => part / sum)];
    }

    private static int Draw(double[] shares, double chance)
    {
        var found = Array.BinarySearch(shares, chance);
        return Math.Min(found < 0 ? ~found : found, shares.Length - 1);
    }
}
