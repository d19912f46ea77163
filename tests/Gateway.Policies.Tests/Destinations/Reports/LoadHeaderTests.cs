using BlazeGateway.Policies.Destinations.Reports;

namespace BlazeGateway.Policies.Tests.Destinations.Reports;

/// <summary>The load told with an answer.</summary>
public sealed class LoadHeaderTests
{
    private static readonly TimeSpan Now = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("TEXT named_metrics.kv_cache_usage_perc=0.4, named_metrics.num_requests_waiting=3", 0.4, 3, null)]
    [InlineData("named_metrics.kv_cache_usage_perc=0.4", 0.4, null, null)]
    [InlineData("JSON {\"named_metrics\": {\"kv_cache_usage_perc\": 0.25, \"num_requests_waiting\": 2.0, \"num_requests_running\": 8}}", 0.25, 2, 8)]
    [InlineData("{\"named_metrics\":{\"num_requests_waiting\":0}}", null, 0, null)]
    [InlineData("TEXT named_metrics.kv_cache_utilization=7, named_metrics.max_token_capacity=100", 1.0, null, null)]
    [InlineData("TEXT named_metrics.xkv_cache_usage_perc=0.1, named_metrics.kv_cache_usage_perc=0.2", 0.2, null, null)]
    [InlineData("TEXT named_metrics.num_requests_waiting=1e300", null, 1_000_000, null)]
    public void Text_and_json_are_read(string value, double? use, int? waiting, int? running)
    {
        Assert.True(LoadHeader.TryRead(value, out var told));
        Assert.Equal(new LoadHeader(use, waiting, running), told);
    }

    [Theory]
    [InlineData("")]
    [InlineData("TEXT cpu_utilization=0.3")]
    [InlineData("TEXT named_metrics.kv_cache_usage_perc")]
    [InlineData("TEXT named_metrics.kv_cache_usage_perc=")]
    [InlineData("TEXT named_metrics.kv_cache_usage_perc=-1")]
    [InlineData("TEXT named_metrics.kv_cache_usage_perc=nan")]
    [InlineData("JSON {\"named_metrics\": {\"kv_cache_usage_perc\": \"0.25\"}}")]
    public void What_is_neither_says_nothing(string value) => Assert.False(LoadHeader.TryRead(value, out _));

    [Theory]
    [InlineData(LoadHeader.MaxLength - 1, true)]
    [InlineData(LoadHeader.MaxLength, true)]
    [InlineData(LoadHeader.MaxLength + 1, false)]
    public void It_is_read_up_to_its_limit(int length, bool isRead) =>
        Assert.Equal(isRead, LoadHeader.TryRead("TEXT named_metrics.num_requests_waiting=1".PadRight(length), out _));

    [Fact]
    public void Reading_allocates_nothing()
    {
        const string Value = "TEXT named_metrics.kv_cache_usage_perc=0.4, named_metrics.num_requests_waiting=3";
        var best = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            LoadHeader.TryRead(Value, out _);
            best = Math.Min(best, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, best);
    }

    [Theory]
    [InlineData(2, 2, 8)]
    [InlineData(0, 0, 6)]
    public void Those_that_wait_are_taken_with_those_that_ran_when_any_waited(int waiting, int reported, int others)
    {
        var after = new LoadHeader(0.9, waiting, null).After(Report(waiting: 1, running: 8, inFlight: 0), Now, 2)!;
        Assert.Equal((reported, 8, others), (after.Facts.Waiting, after.Facts.Running, after.Others(Now)));
        Assert.Equal((0.9, 8.0), (after.Facts.CacheUse, Math.Round(after.Pressure(Now), 6)));
    }

    [Fact]
    public void Where_none_waited_and_none_waits_the_count_stays_that_of_the_last_question()
    {
        var before = Report(waiting: 0, running: 4, inFlight: 1);
        var after = new LoadHeader(0.5, 0, null).After(before, Now, 3)!;
        Assert.Equal((before.Requests, 3), (after.Requests, after.Others(Now)));
        Assert.Equal(Now, after.Cache.At);
    }

    [Fact]
    public void Alone_it_tells_the_cache_and_all_requests_if_it_has_them()
    {
        var after = new LoadHeader(0.9, 5, null).After(null, Now, 1)!;
        Assert.Equal((0, false, true), (after.Others(Now), after.TellsRequests(Now), after.TellsCache(Now)));
        after = new LoadHeader(null, 5, 4).After(null, Now, 1)!;
        Assert.Equal((8, true, false), (after.Others(Now), after.TellsRequests(Now), after.TellsCache(Now)));
    }

    [Fact]
    public void It_is_taken_once_in_a_while()
    {
        var first = new LoadHeader(0.9, 5, 4).After(null, Now, 1);
        Assert.Null(new LoadHeader(0.1, 0, 0).After(first, Now + LoadHeader.Gap - TimeSpan.FromTicks(1), 1));
        Assert.NotNull(new LoadHeader(0.1, 0, 0).After(first, Now + LoadHeader.Gap, 1));
    }

    private static ReportedLoad Report(int waiting, int running, int inFlight)
    {
        var moment = new ReportMoment(Now - TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(600), inFlight);
        return new ReportedLoad(new ReportedFacts { Waiting = waiting, Running = running }, moment, moment);
    }
}
