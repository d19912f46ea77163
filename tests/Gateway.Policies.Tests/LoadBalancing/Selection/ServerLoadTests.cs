using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

/// <summary>What is made of reports: the load compared, and the picks by it.</summary>
public sealed class ServerLoadTests
{
    private static readonly TimeSpan Now = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Good = TimeSpan.FromMilliseconds(600);
    private readonly Chance _chance = new(1);

    [Theory]
    [InlineData(3, 4, 0, 0, 7)]
    [InlineData(3, 4, 7, 7, 7)]
    [InlineData(3, 4, 2, 2, 7)]
    [InlineData(3, 4, 2, 5, 10)]
    [InlineData(3, 4, 5, 2, 4)]
    [InlineData(0, 0, 5, 5, 5)]
    [InlineData(0, 0, 5, 9, 9)]
    [InlineData(0, 9, 9, 0, 0)]
    public void The_load_is_the_report_and_what_came_and_went_since_and_never_less_than_is_in_flight(int waiting, int running, int inFlightThen, int inFlightNow, int load)
    {
        var destination = new DestinationLoad("d");
        destination.Reserve(inFlightNow);
        destination.Reported = Report(waiting, running, null, inFlightThen);
        Assert.Equal(load, ServerLoad.Of(destination, Now).Requests);
    }

    [Theory]
    [InlineData(599, 10, 64)]
    [InlineData(600, 10, 64)]
    [InlineData(600.001, 1, 1)]
    public void A_report_is_gone_by_until_it_is_old(double milliseconds, int load, double pressure)
    {
        var destination = new DestinationLoad("d") { Reported = Report(0, 9, 0.95, 0) };
        destination.Reserve();
        var seen = ServerLoad.Of(destination, Now + TimeSpan.FromMilliseconds(milliseconds));
        Assert.Equal((load, pressure), (seen.Requests, Math.Round(seen.Pressure, 6)));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.8, 1)]
    [InlineData(0.81, 1.166)]
    [InlineData(0.9, 8)]
    [InlineData(0.95, 64)]
    [InlineData(0.998, 1e6)]
    [InlineData(1, 1e6)]
    public void A_cache_counts_from_four_fifths_on(double use, double pressure) => Assert.Equal(pressure, CachePressure.Of(use), pressure * 0.001);

    [Fact]
    public void Below_that_requests_alone_decide()
    {
        var farm = Farm.Equal(2);
        farm[0].Reported = Report(0, 10, 0.79, 0);
        farm[1].Reported = Report(0, 11, 0.01, 0);
        Assert.Equal([100, 0], Picks(farm, 100));
    }

    [Fact]
    public void Above_nine_tenths_a_destination_is_avoided_while_others_have_less_than_eight_times_its_requests()
    {
        var farm = Farm.Equal(2);
        farm[0].Reported = Report(0, 1, 0.91, 0);
        farm[1].Reported = Report(0, 14, 0.5, 0);
        Assert.Equal([0, 100], Picks(farm, 100));
        farm[1].Reported = Report(0, 40, 0.5, 0);
        Assert.Equal([100, 0], Picks(farm, 100));
        Array.ForEach(farm, destination => destination.Reported = Report(0, 1, 1, 0));
        Assert.All(Picks(farm, 1000), count => Assert.InRange(count, 400, 600));
    }

    [Fact]
    public void One_that_does_not_report_is_judged_by_what_is_in_flight()
    {
        var farm = Farm.Equal(3);
        farm[0].Reported = Report(1, 2, null, 0);
        farm[1].Reserve(2);
        farm[2].Reported = Report(0, 4, null, 0);
        Assert.Equal([0, 100, 0], Picks(farm, 100));
        farm[1].Reserve(2);
        Assert.Equal([100, 0, 0], Picks(farm, 100));
    }

    [Fact]
    public void A_report_of_nothing_wins_nothing()
    {
        // A wedged server tells 0 while the gateway's requests pile up in it.
        var farm = Farm.Equal(2);
        farm[0].Reserve(5);
        farm[0].Reported = Report(0, 0, 0, 5);
        farm[1].Reserve(4);
        Assert.Equal([0, 100], Picks(farm, 100));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(100)]
    public void Without_reports_it_is_least_connections(int count)
    {
        foreach (var report in new[] { null, Report(9, 9, 0.99, 0) })
        {
            var (mine, theirs) = (Farm.Equal(count), Farm.Equal(count));
            mine[0].Reported = report;
            var (one, other) = (new Chance(3), new Chance(3));
            var table = AliasTable.Of(mine);
            for (var i = 0; i < 10 * count; i++)
            {
                var late = Now + Good + TimeSpan.FromTicks(1);
                var picked = count > 64 ? PowerOfTwo.Load(mine, table, late, one) : LeastScan.Load(mine, late, one);
                Assert.Equal(count > 64 ? PowerOfTwo.Pick(theirs, table, other) : LeastScan.Connections(theirs, other), picked);
                mine[picked].Reserve();
                theirs[picked].Reserve();
            }
        }
    }

    [Fact]
    public void Weights_and_ease_share_the_whole_load()
    {
        var farm = Farm.Of(4, 1);
        farm[0].Reported = Report(0, 40, null, 0);
        farm[1].Reported = Report(0, 9, null, 0);
        Assert.Equal([40, 11], Farm.Count(farm, 51, destinations => LeastScan.Load(destinations, Now, _chance)));
        farm[0].Ease = 0.25;
        Assert.Equal([0, 100], Picks(farm, 100));
    }

    [Fact]
    public void Who_is_not_open_is_never_picked()
    {
        var farm = Farm.Of(1, 0, 1);
        farm[0].Close();
        farm[2].Reported = Report(99, 99, 1, 0);
        Assert.Equal([0, 0, 100], Picks(farm, 100));
        farm[2].Close();
        Assert.Equal(-1, LeastScan.Load(farm, Now, _chance));
        Assert.Equal(-1, LeastScan.Load([], Now, _chance));
    }

    [Fact]
    public void Of_two_drawn_the_less_loaded_is_picked()
    {
        var farm = Farm.Equal(100);
        Array.ForEach(farm, destination => destination.Reported = Report(0, 20, 0.5, 0));
        farm[7].Reported = Report(30, 20, 0.5, 0);
        farm[8].Reported = Report(0, 0, 0.99, 0);
        var counts = new int[100];
        var table = AliasTable.Of(farm);
        for (var i = 0; i < 20_000; i++)
        {
            counts[PowerOfTwo.Load(farm, table, Now, _chance)]++;
        }

        // 7 is picked where it is drawn beside 8 and nowhere else.
        Assert.Equal(0, counts[8]);
        Assert.InRange(counts[7], 0, 15);
        Assert.InRange(counts.Where((_, i) => i is not (7 or 8)).Min(), 120, 205);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(64)]
    [InlineData(1000)]
    public void A_pick_allocates_nothing(int count)
    {
        var farm = Farm.Equal(count);
        Array.ForEach(farm, destination => destination.Reported = Report(1, 2, 0.85, 1));
        var table = AliasTable.Of(farm);
        var best = Enumerable.Range(0, 5).Min(_ => Farm.Allocated(farm, destinations =>
            destinations.Length > 64 ? PowerOfTwo.Load(destinations, table, Now, _chance) : LeastScan.Load(destinations, Now, _chance)));
        Assert.Equal(0, best);
    }

    internal static ReportedLoad Report(int waiting, int running, double? cacheUse, int inFlight)
    {
        var moment = new ReportMoment(Now, Good, inFlight);
        return new ReportedLoad(new ReportedFacts { Waiting = waiting, Running = running, CacheUse = cacheUse }, moment, moment);
    }

    private int[] Picks(DestinationLoad[] farm, int picks)
    {
        var counts = new int[farm.Length];
        for (var i = 0; i < picks; i++)
        {
            counts[LeastScan.Load(farm, Now, _chance)]++;
        }

        return counts;
    }
}
