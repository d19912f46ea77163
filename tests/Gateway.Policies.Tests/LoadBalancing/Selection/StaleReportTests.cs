using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

/// <summary>
/// What old reports cost, by events: queues with one server each and exponential service, load 0.9, 64 destinations; times in units of the mean service.
/// </summary>
public sealed class StaleReportTests
{
    private const int Destinations = 64;
    private const double Load = 0.9;
    private const int Requests = 30_000;

    private delegate int Picking(ReadOnlySpan<DestinationLoad> destinations, TimeSpan now, Chance chance);

    [Theory]
    [InlineData(1, 3)]
    [InlineData(5, 3)]
    public void Corrected_by_what_the_gateway_knows_they_cost_next_to_nothing(double period, double seconds)
    {
        var fresh = Mean(double.MaxValue, gateways: 1, counts: true, static (destinations, _, chance) => LeastScan.Connections(destinations, chance));
        var old = Mean(period, gateways: 1, counts: true, LeastScan.Load);
        Assert.InRange(old / fresh, 0.9, 1.1);
        Assert.InRange(old, 1, seconds);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Uncorrected_they_are_worse_than_two_drawn_by_chance(double period)
    {
        var two = Mean(period, gateways: 1, counts: true, static (destinations, _, chance) => Two(destinations, chance));
        var old = Mean(period, gateways: 1, counts: false, LeastScan.Load);
        Assert.True(old > 1.2 * two, $"{old} with reports of {period} alone, {two} of two");
    }

    /// <summary>Of four gateways each knows its own requests at once and the others' by reports.</summary>
    [Theory]
    [InlineData(0.2)]
    [InlineData(1)]
    public void With_several_gateways_they_are_better_than_own_counts(double period)
    {
        var own = Mean(period, gateways: 4, counts: true, static (destinations, _, chance) => LeastScan.Connections(destinations, chance));
        var reported = Mean(period, gateways: 4, counts: true, LeastScan.Load);
        Assert.True(reported < own, $"{reported} with reports of {period}, {own} with own counts");
    }

    private static int Two(ReadOnlySpan<DestinationLoad> destinations, Chance chance)
    {
        var first = (int)(chance.Next() * destinations.Length);
        var second = (first + 1 + (int)(chance.Next() * (destinations.Length - 1))) % destinations.Length;
        return destinations[first].InFlight <= destinations[second].InFlight ? first : second;
    }

    /// <summary>Mean time from arrival to end.</summary>
    private static double Mean(double period, int gateways, bool counts, Picking pick)
    {
        var (chance, arrivals) = (new Chance(11), new Chance(12));
        DestinationLoad[][] seen = [.. Enumerable.Range(0, gateways).Select(_ => Farm.Equal(Destinations))];
        var queues = Enumerable.Range(0, Destinations).Select(_ => new Queue<(double End, int Gateway)>()).ToArray();
        var free = new double[Destinations];
        var ends = new PriorityQueue<int, double>();
        var (now, report, total) = (0.0, 0.0, 0.0);
        for (var i = 0; i < Requests; i++)
        {
            now -= Math.Log(1 - arrivals.Next()) / (Load * Destinations);
            while (Math.Min(report, ends.TryPeek(out _, out var end) ? end : double.MaxValue) <= now)
            {
                if (ends.TryPeek(out var ended, out end) && end <= report)
                {
                    ends.Dequeue();
                    var gateway = queues[ended].Dequeue().Gateway;
                    if (counts)
                    {
                        seen[gateway][ended].Release();
                    }

                    continue;
                }

                Tell(seen, queues, report);
                report += period;
            }

            var mine = i % gateways;
            var picked = pick(seen[mine], TimeSpan.FromSeconds(now), chance);
            if (counts)
            {
                seen[mine][picked].Reserve();
            }

            free[picked] = Math.Max(free[picked], now) - Math.Log(1 - chance.Next());
            queues[picked].Enqueue((free[picked], mine));
            ends.Enqueue(picked, free[picked]);
            total += free[picked] - now;
        }

        return total / Requests;
    }

    private static void Tell(DestinationLoad[][] seen, Queue<(double End, int Gateway)>[] queues, double at)
    {
        foreach (var destinations in seen)
        {
            for (var d = 0; d < destinations.Length; d++)
            {
                var moment = new ReportMoment(TimeSpan.FromSeconds(at), TimeSpan.FromHours(1), destinations[d].InFlight);
                destinations[d].Reported = new ReportedLoad(new ReportedFacts { Waiting = 0, Running = queues[d].Count }, moment, moment);
            }
        }
    }
}
