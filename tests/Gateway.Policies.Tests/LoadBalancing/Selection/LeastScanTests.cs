using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

public sealed class LeastScanTests
{
    private static readonly TimeSpan Start = TimeSpan.FromMinutes(1);
    private readonly Chance _chance = new(1);

    [Fact]
    public void One_after_the_other_spreads_over_the_idle() =>
        Assert.All(Farm.Count(Farm.Equal(4), 10_000, Connections, 1), count => Assert.InRange(count, 2350, 2650));

    [Theory]
    [InlineData(2)]
    [InlineData(64)]
    [InlineData(200)]
    public void Each_of_those_tied_is_as_likely(int tied)
    {
        // Behind busy ones and an equal pair that costs more, so that the least is found late and twice.
        var farm = Farm.Equal(tied + 4);
        Array.ForEach(farm[..2], destination => destination.Reserve(3));
        Array.ForEach(farm[2..4], destination => destination.Reserve(1));
        var counts = new int[farm.Length];
        for (var i = 0; i < tied * 400; i++)
        {
            counts[Connections(farm)]++;
        }

        Assert.Equal([0, 0, 0, 0], counts[..4]);
        var deviation = counts[4..].Sum(count => Math.Pow(count - 400, 2) / 400) / (tied - 1);
        Assert.InRange(deviation, 0, 1 + (4 * Math.Sqrt(2.0 / (tied - 1))));
        Assert.InRange(counts[4..].Min(), 300, 400);
    }

    [Fact]
    public void A_burst_on_the_idle_is_even() => Assert.Equal([10, 10, 10, 10], Farm.Count(Farm.Equal(4), 40, Connections));

    [Fact]
    public void A_burst_goes_by_weight_and_ease()
    {
        Assert.Equal([50, 30, 10], Farm.Count(Farm.Of(5, 3, 1), 90, Connections));
        var eased = Farm.Of(4, 4);
        eased[1].Ease = 0.25;
        Assert.Equal([80, 20], Farm.Count(eased, 100, Connections));
    }

    [Fact]
    public void The_least_for_its_weight_is_picked()
    {
        var farm = Farm.Of(1, 4, 2);
        farm[0].Reserve(1);
        farm[1].Reserve(5);
        farm[2].Reserve(3);
        Assert.Equal(1, Connections(farm));
    }

    [Fact]
    public void Who_is_not_open_is_never_picked()
    {
        var farm = Farm.Of(1, 0, 1, 1);
        farm[0].Close();
        farm[2].MaxInFlight = 3;
        farm[2].Reserve(2);
        farm[3].Reserve(2);
        Assert.Equal([0, 0, 1, 9], Farm.Count(farm, 10, Connections));
        farm[2].MaxInFlight = farm[3].MaxInFlight = 1;
        Assert.Equal(-1, Connections(farm));
        Assert.Equal(-1, ResponseTime(farm));
        Assert.Equal(-1, Connections([]));
    }

    [Fact]
    public void A_quicker_one_is_picked_until_it_has_as_much_to_do()
    {
        var farm = Answered(0.1, 0.3);
        Assert.Equal([30, 10], Farm.Count(farm, 40, ResponseTime));
        var weighted = Answered(0.1, 0.1);
        weighted[1].Weight = 3;
        Assert.Equal([10, 30], Farm.Count(weighted, 40, ResponseTime));
    }

    [Fact]
    public void Equals_share_whatever_their_time() =>
        Assert.All(Farm.Count(Answered(0.1, 0.1, 0.1, 0.1), 10_000, ResponseTime, 1), count => Assert.InRange(count, 2350, 2650));

    [Fact]
    public void A_new_destination_gets_one_request_until_it_has_answered()
    {
        var farm = Answered(0.1, 0.1, 0.1);
        farm[0].Forget();
        var counts = Farm.Count(farm, 100, ResponseTime);
        Assert.Equal(1, counts[0]);
        farm[0].Reserve();
        farm[0].Times.Of(0).FirstChunk.Add(0.1, Start);
        Assert.InRange(Farm.Count(farm, 100, ResponseTime)[0], 32, 34);
    }

    [Fact]
    public void At_a_cold_start_the_first_to_answer_gets_the_next_and_until_then_all_share()
    {
        var farm = Farm.Equal(4);
        Assert.Equal([10, 10, 10, 10], Farm.Count(farm, 40, ResponseTime));
        Array.ForEach(farm, destination => destination.Reserve());
        farm[2].Times.Of(0).FirstChunk.Add(20, Start);
        Assert.Equal(2, ResponseTime(farm));
        farm[2].Close();
        Assert.NotEqual(2, ResponseTime(farm));
    }

    [Fact]
    public void After_long_silence_what_is_in_flight_still_counts()
    {
        var (farm, now) = (Answered(0.1, 0.2, 5, 0.001), Start + TimeSpan.FromDays(3));
        for (var i = 0; i < 40; i++)
        {
            farm[LeastScan.ResponseTime(farm, 0, now, _chance)].Reserve(default, now);
        }

        Assert.Equal([10, 10, 10, 10], farm.Select(load => load.InFlight));
    }

    /// <summary>All took 10 ms; the first accepts and never answers again. It must not seem quicker and quicker.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_that_has_stopped_answering_gets_no_more(bool isStreamed)
    {
        var farm = Answered(0.01, 0.01, 0.01);
        var work = isStreamed ? new RequestWork(100, 10) { IsStreamed = true } : default;
        for (var i = 0; i < 2000; i++)
        {
            var now = Start + TimeSpan.FromMilliseconds(50 * i);
            var picked = farm[LeastScan.ResponseTime(farm, 0, now, _chance)];
            picked.Reserve(work, now);
            if (picked != farm[0])
            {
                picked.Times.Of(0).FirstChunk.Add(0.01, now + TimeSpan.FromMilliseconds(10));
                picked.Prefilled(work, now + TimeSpan.FromMilliseconds(10));
                picked.Release(work.OutputTokens);
            }
        }

        Assert.InRange(farm[0].InFlight, 0, 4);
    }

    [Fact]
    public void Eight_at_once_lose_nothing()
    {
        Assert.Equal(80_000, Farm.CountInParallel(Farm.Equal(4), 10_000, Connections).Sum());
        Assert.Equal(80_000, Farm.CountInParallel(Answered(0.1, 0.1, 0.2), 10_000, ResponseTime).Sum());
    }

    [Fact]
    public void A_pick_allocates_nothing()
    {
        Assert.Equal(0, Farm.Allocated(Farm.Equal(8), Connections));
        Assert.Equal(0, Farm.Allocated(Farm.Equal(8), ResponseTime));
    }

    private static DestinationLoad[] Answered(params double[] seconds)
    {
        var farm = Farm.Equal(seconds.Length);
        for (var i = 0; i < farm.Length; i++)
        {
            farm[i].Times.Of(0).FirstChunk.Add(seconds[i], Start);
        }

        return farm;
    }

    private int Connections(ReadOnlySpan<DestinationLoad> destinations) => LeastScan.Connections(destinations, _chance);

    private int ResponseTime(ReadOnlySpan<DestinationLoad> destinations) => LeastScan.ResponseTime(destinations, 0, Start, _chance);
}
