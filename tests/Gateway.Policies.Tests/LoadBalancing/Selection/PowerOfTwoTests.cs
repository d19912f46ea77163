using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

public sealed class PowerOfTwoTests
{
    private readonly Chance _chance = new(1);

    /// <summary>With (in flight + 1) / weight compared, weights 5, 3, 1 got 1.62, 0.29 and 0 of their share one at a time and 1.05, 1.00 and 0.78 of it nine at a time.</summary>
    [Theory]
    [InlineData(1, 0.02, 5, 3, 1)]
    [InlineData(3, 0.2, 5, 3, 1)]
    [InlineData(9, 0.07, 5, 3, 1)]
    [InlineData(27, 0.04, 5, 3, 1)]
    [InlineData(90, 0.02, 5, 3, 1)]
    [InlineData(300, 0.02, 5, 3, 1)]
    [InlineData(1, 0.1, 256, 1, 1, 1, 1)]
    [InlineData(27, 0.15, 256, 1, 1, 1, 1)]
    [InlineData(300, 0.25, 256, 1, 1, 1, 1)]
    [InlineData(100, 0.2, 3, 3)]
    [InlineData(100, 0.05, 3, 1)]
    public void Each_gets_its_weights_share(int atOnce, double within, params int[] weights)
    {
        const int Picks = 100_000;
        var farm = Farm.Of(weights);
        var table = AliasTable.Of(farm);
        var counts = Farm.Count(farm, Picks, destinations => PowerOfTwo.Pick(destinations, table, _chance), atOnce);
        for (var i = 0; i < weights.Length; i++)
        {
            var share = Picks * weights[i] / (double)weights.Sum();
            Assert.InRange(counts[i], share * (1 - within), share * (1 + within));
        }
    }

    [Fact]
    public void The_busier_of_two_is_never_picked()
    {
        var farm = Farm.Equal(2);
        farm[0].Reserve(5);
        Assert.Equal([0, 10_000], Counts(farm, 10_000));
    }

    [Fact]
    public void The_busiest_of_many_is_never_picked()
    {
        var farm = Farm.Equal(10);
        farm[4].Reserve(1);
        var counts = Counts(farm, 90_000);
        Assert.Equal(0, counts[4]);
        Assert.All(counts.Where((_, i) => i != 4), count => Assert.InRange(count, 9_500, 10_500));
    }

    [Fact]
    public void One_is_picked_and_none_is_not()
    {
        var farm = Farm.Equal(1);
        Assert.Equal(0, Pick(farm));
        farm[0].Close();
        Assert.Equal(-1, Pick(farm));
        Assert.Equal(-1, Pick([]));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(200)]
    public void Who_is_not_open_is_never_picked(int count)
    {
        var farm = Farm.Equal(count);
        farm[0].Weight = 256;
        var table = AliasTable.Of(farm);
        Array.ForEach(farm[..^1], Farm.Close);
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal(count - 1, PowerOfTwo.Pick(farm, table, _chance));
        }

        farm[^1].Close();
        Assert.Equal(-1, PowerOfTwo.Pick(farm, table, _chance));
    }

    [Fact]
    public void The_time_in_a_farm_of_queues_is_what_the_supermarket_formula_says()
    {
        const double Lambda = 0.9;
        var expected = Enumerable.Range(1, 8).Sum(i => Math.Pow(Lambda, Math.Pow(2, i) - 2));
        Assert.Equal(2.614, expected, 0.001);
        Assert.InRange(MeanTime(200, Lambda, 400_000), expected * 0.95, expected * 1.05);
    }

    [Fact]
    public void Eight_at_once_lose_nothing()
    {
        var farm = Farm.Of(5, 3, 1);
        var table = AliasTable.Of(farm);
        Assert.Equal(80_000, Farm.CountInParallel(farm, 10_000, destinations => PowerOfTwo.Pick(destinations, table, _chance)).Sum());
    }

    [Fact]
    public void A_pick_allocates_nothing()
    {
        var farm = Farm.Of(5, 3, 1, 1);
        var table = AliasTable.Of(farm);
        Assert.Equal(0, Farm.Allocated(farm, destinations => PowerOfTwo.Pick(destinations, table, _chance)));
        farm[0].Close();
        farm[1].Close();
        farm[2].Close();
        Assert.Equal(0, Farm.Allocated(farm, destinations => PowerOfTwo.Pick(destinations, table, _chance)));
    }

    /// <summary>Poisson arrivals, a first-come-first-served queue with exponential service of mean 1 at each destination; mean of waiting and service.</summary>
    private double MeanTime(int count, double lambda, int arrivals)
    {
        var farm = Farm.Equal(count);
        var table = AliasTable.Of(farm);
        var free = new double[count];
        var departures = new PriorityQueue<int, double>();
        var (now, sum) = (0.0, 0.0);
        var warm = arrivals / 10;
        for (var i = 0; i < arrivals; i++)
        {
            now += Exponential() / (lambda * count);
            while (departures.TryPeek(out var left, out var at) && at <= now)
            {
                departures.Dequeue();
                farm[left].Release();
            }

            var picked = PowerOfTwo.Pick(farm, table, _chance);
            farm[picked].Reserve();
            free[picked] = Math.Max(now, free[picked]) + Exponential();
            departures.Enqueue(picked, free[picked]);
            sum += i < warm ? 0 : free[picked] - now;
        }

        return sum / (arrivals - warm);
    }

    private double Exponential() => -Math.Log(1 - _chance.Next());

    private int[] Counts(DestinationLoad[] farm, int picks)
    {
        var counts = new int[farm.Length];
        var table = AliasTable.Of(farm);
        for (var i = 0; i < picks; i++)
        {
            counts[PowerOfTwo.Pick(farm, table, _chance)]++;
        }

        return counts;
    }

    private int Pick(DestinationLoad[] farm) => PowerOfTwo.Pick(farm, AliasTable.Of(farm), _chance);

    [Fact]
    public void One_that_is_eased_in_is_drawn_as_often_as_its_part_although_the_table_is_older()
    {
        var farm = Farm.Of(4, 4, 4, 4, 4);
        var (table, chance) = (AliasTable.Of(farm), new Chance(3));
        farm[0].Ease = 0.25;
        Assert.Equal(0.25 / 4.25, Enumerable.Range(0, 100_000).Count(_ => PowerOfTwo.Pick(farm, table, chance) == 0) / 100_000.0, 0.01);
    }

    [Fact]
    public void By_response_time_the_quicker_of_two_is_picked_and_none_that_is_full()
    {
        var farm = Farm.Of(1, 1, 1);
        var (table, chance, now) = (AliasTable.Of(farm), new Chance(4), TimeSpan.FromSeconds(1));
        farm[0].Times.Of(0).FirstChunk.Add(0.1, now);
        farm[1].Times.Of(0).FirstChunk.Add(0.4, now);
        farm[2].Times.Of(0).FirstChunk.Add(0.2, now);
        farm[2].MaxInFlight = 1;
        farm[2].Reserve();
        Assert.All(Enumerable.Range(0, 1000), _ => Assert.Equal(0, PowerOfTwo.ResponseTime(farm, table, 0, now, chance)));
        for (var i = 0; i < 4; i++)
        {
            farm[0].Reserve();
        }

        Assert.All(Enumerable.Range(0, 1000), _ => Assert.Equal(1, PowerOfTwo.ResponseTime(farm, table, 0, now, chance)));
    }
}
