using BlazeGateway.Policies.Pipeline;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Limits that run out while the whole process stands still. Moving the clock at once is a standstill to a sweep that was asked to look for one.</summary>
public sealed class StandstillTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly DeadlineSweep _sweep;
    private readonly Deadline _deadline = new();

    public StandstillTests()
    {
        _sweep = new DeadlineSweep(_time, standstill: DeadlineSweep.Standstill);
        _sweep.Add(_deadline);
    }

    public void Dispose() => _sweep.Dispose();

    /// <summary>A first byte due in 400 ms, and a gap that is as long as this.</summary>
    [Theory]
    [InlineData(450, true)]
    [InlineData(500, false)]
    [InlineData(550, false)]
    [InlineData(3000, false)]
    public void A_limit_that_runs_out_in_a_gap_has_run_out_unless_the_gap_is_a_standstill(int gap, bool isOver)
    {
        Begin(0.4);
        Jump(gap / 1000.0);
        Assert.Equal(isOver, _deadline.Expired == Expiry.FirstByte);
    }

    [Fact]
    public void It_runs_out_later_by_what_was_lost()
    {
        Begin(2);
        Walk(0.5);
        Jump(3);
        Assert.Equal(Expiry.None, _deadline.Expired);
        Walk(1.45);
        Assert.Equal(Expiry.None, _deadline.Expired);
        Walk(0.05);
        Assert.Equal(Expiry.FirstByte, _deadline.Expired);
    }

    [Fact]
    public void Time_is_given_back_once_for_a_step_and_again_for_the_next()
    {
        Begin(2);
        Jump(3);
        Assert.Equal(Expiry.None, _deadline.Expired);
        Jump(3);
        Assert.Equal(Expiry.FirstByte, _deadline.Expired);
        _deadline.Renew();
        Begin(2, isFirst: false);
        Jump(3);
        Assert.Equal(Expiry.None, _deadline.Expired);
    }

    /// <summary>However long it stood still, what waits is over 30 s later; what is due after that anyway stays as it is.</summary>
    [Theory]
    [InlineData(20, 100, 20)]
    [InlineData(29.9, 100, 29.9)]
    [InlineData(30, 100, 30)]
    [InlineData(60, 100, 30)]
    [InlineData(170, 100, 70)]
    public void No_more_than_thirty_seconds_are_left_by_it(double limit, double gap, double left)
    {
        Begin(limit);
        Jump(gap);
        Walk(left - 0.1);
        Assert.Equal(Expiry.None, _deadline.Expired);
        Walk(0.1);
        Assert.Equal(Expiry.FirstByte, _deadline.Expired);
    }

    [Fact]
    public void The_whole_request_and_a_stream_get_their_time_back_as_well()
    {
        _deadline.Begin(At(1));
        _deadline.BeginAttempt(long.MaxValue, _time.GetTimestamp());
        _deadline.BeginStreaming();
        _deadline.Await(_time.GetTimestamp(), At(0.8) - _time.GetTimestamp());
        Jump(5);
        Assert.Equal(Expiry.None, _deadline.Expired);
        Walk(0.8);
        Assert.Equal(Expiry.BetweenChunks, _deadline.Expired);
        _deadline.Renew();
        Walk(0.2);
        Assert.Equal(Expiry.Total, _deadline.Expired);
    }

    /// <summary>Between the standstill and the look that finds it.</summary>
    [Fact]
    public void What_begins_afterwards_gets_nothing_back()
    {
        var (from, now) = (_time.GetTimestamp(), At(3));
        _deadline.Begin(long.MaxValue);
        _deadline.BeginAttempt(now + 100, now);
        _deadline.GiveBack(from, now, long.MaxValue);
        Assert.True(_deadline.IsDue(now + 100));
        Assert.False(_deadline.IsDue(now + 99));
    }

    [Fact]
    public void What_was_due_before_has_run_out()
    {
        var from = _time.GetTimestamp();
        _deadline.Begin(from);
        _deadline.BeginAttempt(from - 1, from - 2);
        _deadline.GiveBack(from, At(3), At(33));
        Assert.True(_deadline.IsDue(from));
    }

    [Fact]
    public void A_request_that_ended_is_left_as_it_is()
    {
        Begin(1);
        Assert.True(_deadline.End());
        _deadline.GiveBack(_time.GetTimestamp(), At(3), At(33));
        Assert.Equal(long.MaxValue, _deadline.Total);
        Assert.False(_deadline.IsDue(At(100)));
    }

    [Fact]
    public void Nobody_is_given_time_where_the_clock_may_be_moved()
    {
        using var sweep = new DeadlineSweep(_time);
        var deadline = new Deadline();
        deadline.Begin(long.MaxValue);
        deadline.BeginAttempt(At(2), _time.GetTimestamp());
        sweep.Add(deadline);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(Expiry.FirstByte, deadline.Expired);
    }

    [Fact]
    public void Looking_costs_no_bytes()
    {
        _deadline.Begin(At(1));
        var now = _time.GetTimestamp();
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                now += 3000;
                _deadline.BeginAttempt(now + 10, now);
                _deadline.GiveBack(now, now + 1000, now + 5000);
                Assert.False(_deadline.IsDue(now + 1009));
                Assert.True(_deadline.IsDue(now + 1010));
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private long At(double seconds) => _time.GetTimestamp() + (long)Math.Round(seconds * _time.TimestampFrequency);

    private void Begin(double firstByte, bool isFirst = true)
    {
        if (isFirst)
        {
            _deadline.Begin(long.MaxValue);
        }

        _deadline.BeginAttempt(At(firstByte), _time.GetTimestamp());
    }

    /// <summary>Time goes on in one go: the looks within it all see its end.</summary>
    private void Jump(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Time goes on as it does.</summary>
    private void Walk(double seconds)
    {
        for (var left = TimeSpan.FromSeconds(seconds); left > TimeSpan.Zero; left -= DeadlineSweep.Period)
        {
            _time.Advance(left < DeadlineSweep.Period ? left : DeadlineSweep.Period);
        }
    }
}
