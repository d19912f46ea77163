using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

public sealed class HashPlacementTests(ITestOutputHelper output)
{
    private const int Keys = 20_000;

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(100)]
    public void Only_the_keys_of_a_destination_that_is_away_move_and_all_come_home(int count)
    {
        var placed = Placed.Even(count);
        var home = placed.Picks(Keys);
        var gone = count / 2;
        placed.Set(gone, false);
        var away = placed.Picks(Keys);
        placed.Set(gone, true);

        Assert.DoesNotContain(gone, away);
        Assert.Equal(0, home.Zip(away).Count(pair => pair.First != pair.Second && pair.First != gone));
        var moved = home.Zip(away).Count(pair => pair.First != pair.Second) / (double)Keys;
        output.WriteLine($"{count} destinations: moved {moved:P2} of the keys, {moved * count:F2}/N");
        Assert.InRange(moved, 0, 1.2 / count);
        Assert.Equal(home, placed.Picks(Keys));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(100)]
    public void Destinations_get_about_as_many_keys_each(int count)
    {
        const int keysEach = 3_000;
        var worst = Enumerable.Range(1, 4)
            .Max(seed => Placed.Even(count, seed: seed).Counts(count * keysEach).Max() / (double)keysEach);
        output.WriteLine($"{count} destinations: max/mean {worst:F3}");
        Assert.InRange(worst, 1, 1.10);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void Keys_follow_the_weights(int times)
    {
        var weights = Enumerable.Repeat(new[] { 4, 2, 1, 1 }, times).SelectMany(four => four).ToArray();
        var placed = new Placed(weights.Select((weight, i) => ($"server-{i}", weight)));
        var counts = placed.Counts(80_000);
        foreach (var weight in new[] { 4, 2, 1 })
        {
            var keys = counts.Where((_, i) => weights[i] == weight).Sum() / 80_000.0;
            var share = weights.Where(other => other == weight).Sum() / (double)weights.Sum();
            output.WriteLine($"{weights.Length} destinations, weight {weight}: {keys / share:F3} of its share");
            Assert.InRange(keys, share * 0.9, share * 1.1);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(40)]
    public void A_destination_without_weight_gets_nothing_and_takes_nothing_from_the_others(int count)
    {
        var placed = new Placed(Enumerable.Range(0, count).Select(i => ($"server-{i}", i == 1 ? 0 : 1)));
        var keys = placed.Picks(Keys);
        Assert.DoesNotContain(1, keys);

        // Drained before it was placed or after: the same.
        var drained = Placed.Even(count);
        drained.Loads[1].Weight = 0;
        Assert.Equal(keys, drained.Picks(Keys));
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(10, 4)]
    [InlineData(31, 1)]
    [InlineData(33, 1)]
    [InlineData(100, 4)]
    [InlineData(64, 1)]
    public void One_more_destination_only_takes_keys(int count, int weight)
    {
        var before = Placed.Even(count);
        var after = new Placed(before.Loads.Select(load => (load.Id, load.Weight)).Prepend(("new", weight)));
        var taken = 0;
        for (var number = 0; number < Keys; number++)
        {
            var id = after.IdFor(number);
            if (id == "new")
            {
                taken++;
                continue;
            }

            Assert.Equal(before.IdFor(number), id);
        }

        Assert.InRange(taken / (double)Keys, 0.8 * weight / (count + weight), 1.2 * weight / (count + weight));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    public void The_seed_and_the_ids_decide_and_not_their_order(int count)
    {
        var one = Placed.Even(count);
        var reversed = new Placed(one.Loads.Select(load => (load.Id, load.Weight)).Reverse());
        var other = Placed.Even(count, seed: 2);
        var keys = Enumerable.Range(0, 5_000).ToArray();
        Assert.All(keys, number => Assert.Equal(one.IdFor(number), reversed.IdFor(number)));
        Assert.InRange(keys.Count(number => one.IdFor(number) == other.IdFor(number)), 0, 5_000 * 2 / count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(100)]
    public void Without_an_open_candidate_there_is_no_pick(int count)
    {
        var placed = Placed.Even(count);
        Assert.Equal(-1, placed.Placement.Pick(7, placed.Loads, new ulong[placed.Placement.Words]));
        foreach (var load in placed.Loads)
        {
            load.MaxInFlight = 0;
        }

        Assert.Equal(-1, placed.Pick(7));
        Assert.Equal(-1, placed.Placement.Pick(7, placed.Loads, placed.Candidates, new HashTotals(1_000, count)));
        var drained = new Placed(placed.Loads.Select(load => (load.Id, 0)));
        Assert.Equal(-1, drained.Pick(7));
        Assert.Equal(-1, new Placed([]).Pick(7));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(2_000)]
    public void The_last_candidate_is_found(int count)
    {
        var placed = Placed.Even(count);
        for (var i = 0; i < count; i++)
        {
            placed.Set(i, i == count / 2);
        }

        Assert.All(placed.Picks(500), index => Assert.Equal(count / 2, index));
    }

    [Fact]
    public void Beyond_the_walk_too_only_the_keys_of_the_one_that_left_move()
    {
        var placed = Placed.Even(2_000);
        for (var i = 3; i < 2_000; i++)
        {
            placed.Set(i, false);
        }

        var three = placed.Picks(5_000);
        placed.Set(1, false);
        var two = placed.Picks(5_000);
        Assert.All(three.Zip(two), pair => Assert.True(pair.First == 1 || pair.First == pair.Second));
        Assert.InRange(three.Count(index => index == 1), 5_000 / 3 * 0.9, 5_000 / 3 * 1.1);
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(8, 3)]
    [InlineData(64, 1)]
    [InlineData(1_000, 1)]
    public void A_pick_allocates_nothing(int count, int lastWeight)
    {
        var placed = new Placed(Enumerable.Range(0, count).Select(i => ($"server-{i}", i == count - 1 ? lastWeight : 1)));
        var name = new string('é', 500);
        long allocated = 0;
        for (var round = 0; round < 2; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1_000; i++)
            {
                placed.Pick(PlacementHash.Mix((ulong)i));
                placed.Pick(placed.Hash.Compute("session"));
                placed.Pick(placed.Hash.Compute(name));
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var placed = Placed.Even(70);
        Assert.Throws<ArgumentOutOfRangeException>(() => placed.Placement.Pick(1, placed.Loads.AsSpan(1), new ulong[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => placed.Placement.Pick(1, placed.Loads, new ulong[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Placed.Even(3, bound: 0.99));
        Assert.Throws<ArgumentOutOfRangeException>(() => Placed.Even(3, bound: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Placed([("a", -1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Placed([("a", DestinationLoad.MaxWeight + 1)]));
    }
}
