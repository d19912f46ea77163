using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

public sealed class RoundRobinTests
{
    private int _turn = 1_234_567_891;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void Each_has_as_many_turns(int count) =>
        Assert.All(Farm.Count(Farm.Equal(count), count * 50, farm => RoundRobin.Next(farm, ref _turn)), its => Assert.Equal(50, its));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_turns_of_one_that_is_closed_go_to_nobody_in_particular(int closed)
    {
        var farm = Farm.Equal(5);
        farm[closed].Close();
        for (var picks = 1; picks < 50; picks++)
        {
            var counts = Farm.Count(farm, picks, its => RoundRobin.Next(its, ref _turn));
            Assert.Equal(0, counts[closed]);
            var others = counts.Where((_, i) => i != closed).ToList();
            Assert.InRange(others.Max() - others.Min(), 0, 1);
        }
    }

    [Fact]
    public void None_open_is_none()
    {
        var farm = Farm.Of(1, 0);
        farm[0].Close();
        Assert.Equal((-1, -1), (RoundRobin.Next(farm, ref _turn), RoundRobin.Next([], ref _turn)));
    }

    [Fact]
    public void A_turn_from_before_is_good_for_fewer_destinations()
    {
        foreach (var turn in new[] { 99, int.MaxValue, -1, int.MinValue })
        {
            _turn = turn;
            Assert.Equal([20, 20, 20], Farm.Count(Farm.Equal(3), 60, farm => RoundRobin.Next(farm, ref _turn)));
        }
    }


    [Fact]
    public void Eight_at_once_take_each_turn_once()
    {
        Assert.All(Farm.CountInParallel(Farm.Equal(5), 100_000, farm => RoundRobin.Next(farm, ref _turn)), count => Assert.Equal(160_000, count));
        var oneClosed = Farm.Equal(5);
        oneClosed[3].Close();
        Assert.Equal([200_000, 200_000, 200_000, 0, 200_000], Farm.CountInParallel(oneClosed, 100_000, farm => RoundRobin.Next(farm, ref _turn)));
    }

    [Fact]
    public void A_pick_allocates_nothing() => Assert.Equal(0, Farm.Allocated(Farm.Equal(8), farm => RoundRobin.Next(farm, ref _turn)));
}
