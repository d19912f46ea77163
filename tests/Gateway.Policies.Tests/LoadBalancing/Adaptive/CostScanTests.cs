using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Adaptive;

public class CostScanTests
{
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(1000);

    private readonly AdaptiveMemory _memory = new();
    private readonly DestinationLoad _load = new("d");

    private double Cost(int own = 1000, TimeSpan later = default) => new CostScan(_memory, 7, 400, default, Now + later).Cost(_load, own);

    private double Predicted(double milliseconds)
    {
        new CostScan(_memory, 7, 400, default, Now + TimeSpan.FromMilliseconds(milliseconds)).Cost(_load, 1000, out var predicted);
        return predicted;
    }

    [Fact]
    public void More_tokens_more_requests_and_a_slower_server_cost_more_a_larger_weight_less()
    {
        var idle = Cost();
        Assert.True(Cost(2000) > 1.5 * idle);
        _load.Reserve(new RequestWork(3000, 10), Now);
        var busy = Cost();
        Assert.True(busy > 2 * idle);
        for (var i = 0; i < 200; i++)
        {
            _load.Times.Of(7).Pace.Took(2, 1, Now);
        }

        Assert.True(Cost() > 1.2 * busy);
        var slow = Cost();
        _load.Weight = 2;
        Assert.Equal(slow / 2, Cost(), 9);
        _load.Weight = 0;
        Assert.Equal(double.PositiveInfinity, Cost());
    }

    [Fact]
    public void A_failing_server_costs_what_failures_cost_and_is_forgiven()
    {
        var fine = Cost();
        for (var i = 0; i < 5; i++)
        {
            _load.Times.Of(7).Pace.Judged(isFailure: true, Now);
        }

        Assert.InRange(Cost() - fine, 1.5, 2.5);
        Assert.InRange(Cost(later: TimeSpan.FromSeconds(60)) - fine, -0.001, 0.05);
    }

    [Fact]
    public void A_server_that_stands_still_costs_more_the_longer_it_does()
    {
        _load.Reserve(new RequestWork(1000, 10) { IsStreamed = true }, Now);
        var expected = Cost();
        Assert.InRange(Cost(later: TimeSpan.FromSeconds(0.1)), 0.5 * expected, expected);
        Assert.True(Cost(later: TimeSpan.FromSeconds(3)) > expected + 4);
        _load.Prefilled(new RequestWork(1000, 10) { IsStreamed = true }, Now + TimeSpan.FromSeconds(3));
        Assert.True(Cost(later: TimeSpan.FromSeconds(30)) < expected);
    }

    /// <summary>1,000 tokens take 125 ms at first: after 50 ms four tenths of the prompt are computed, at the end a tenth is left.</summary>
    [Fact]
    public void What_a_server_has_computed_of_a_prompt_does_not_wait_any_more()
    {
        for (var i = 0; i < 60; i++)
        {
            _load.Times.Of(7).Pace.Took(1, 1, Now);
        }

        _load.Reserve(new RequestWork(1000, 10) { IsStreamed = true }, Now);
        var (full, idle) = (Predicted(0), Predicted(112.5));
        Assert.InRange(full - idle, 0.9 * 0.125, 0.9 * 0.129);
        Assert.InRange(full - Predicted(50), 0.049, 0.052);
        Assert.Equal(idle, Predicted(300), 9);

        // Of two prompts one is computed; the other begins when the first is answered.
        _load.Reserve(new RequestWork(3000, 10) { IsStreamed = true }, Now);
        var both = Predicted(0);
        Assert.InRange(both - Predicted(50), 0.049, 0.053);
        _load.Prefilled(new RequestWork(1000, 10) { IsStreamed = true }, Now + TimeSpan.FromMilliseconds(130));
        Assert.InRange(both - Predicted(130), 0.125, 0.131);
    }

    [Fact]
    public void What_others_sent_there_counts_as_long_as_the_report_is_fresh()
    {
        var idle = Cost();
        var moment = new ReportMoment(Now, TimeSpan.FromSeconds(1), 0);
        _load.Reported = new ReportedLoad(new ReportedFacts { Waiting = 4, Running = 6, CacheUse = 0.5 }, moment, moment);
        Assert.True(Cost() > 2 * idle);
        Assert.Equal(idle, Cost(later: TimeSpan.FromSeconds(1.1)), 9);
        _load.Reported = new ReportedLoad(new ReportedFacts { Waiting = 0, Running = 0, CacheUse = 0.9 }, moment, moment);
        Assert.Equal(8 * idle, Cost(), 6);
    }

    [Fact]
    public void Slower_chunks_count_a_quarter()
    {
        var before = Cost();
        _memory.ChunksCame(0.02);
        var pace = _load.Times.Of(7).Pace;
        pace.Took(1, 1, Now);
        before = Cost();
        pace.ChunksCame(0.04);
        Assert.Equal(before * Math.Pow(2, 0.25), Cost(), 6);
        Assert.Equal(before * Math.Pow(2, 0.25), Cost(later: TimeSpan.FromSeconds(10)), 6);

        // Not heard of for long it is thought no slower than is usual, so that it is tried.
        Assert.Equal(before * Math.Pow(1.25, 0.25), Cost(later: TimeSpan.FromSeconds(20)), 6);
        Assert.Equal(before, Cost(later: TimeSpan.FromHours(1)), 4);
    }
}
