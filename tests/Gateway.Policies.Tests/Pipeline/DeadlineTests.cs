using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Pipeline;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Pipeline;

public sealed class DeadlineTests
{
    private const long Never = long.MaxValue;

    [Theory]
    [InlineData(99, Expiry.None)]
    [InlineData(100, Expiry.FirstByte)]
    [InlineData(101, Expiry.FirstByte)]
    public void The_limit_of_a_step_bites_at_its_time(long now, object expected)
    {
        var deadline = new Deadline();
        deadline.Begin(Never);
        deadline.BeginAttempt(100);
        deadline.Look(now);
        Assert.Equal(expected, deadline.Expired);
        Assert.Equal(deadline.Expired != Expiry.None, deadline.Request.IsCancellationRequested);
        Assert.False(deadline.Read.IsCancellationRequested);
        Assert.Equal(deadline.Expired == Expiry.None, deadline.End());
    }

    [Fact]
    public void A_sweep_keeps_its_places_and_allocates_no_more_than_they_take()
    {
        const int Many = 5000;
        using var sweep = new DeadlineSweep(new FakeTimeProvider());
        var deadlines = Enumerable.Range(0, Many).Select(_ => new Deadline()).ToArray();
        for (var round = 0; round < 3; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var deadline in deadlines)
            {
                sweep.Add(deadline);
            }

            var most = sweep.Count;
            foreach (var deadline in deadlines)
            {
                sweep.Remove(deadline);
            }

            // An array of references and a stack of numbers, doubled as they grow; nothing once they are as large.
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.InRange(allocated, 0, round == 0 ? 100 * Many : 0);
            Assert.Equal((Many, 0), (most, sweep.Count));
        }
    }

    [Fact]
    public void The_sweep_looks_at_what_was_added_and_not_at_what_was_removed()
    {
        var time = new FakeTimeProvider();
        using var sweep = new DeadlineSweep(time);
        var deadlines = Enumerable.Range(0, 200).Select(_ => new Deadline()).ToArray();
        foreach (var deadline in deadlines)
        {
            deadline.Begin(time.GetTimestamp() + 1);
            sweep.Add(deadline);
        }

        foreach (var deadline in deadlines[50..150])
        {
            sweep.Remove(deadline);
        }

        var late = new Deadline();
        late.Begin(time.GetTimestamp() + 1);
        sweep.Add(late);
        time.Advance(DeadlineSweep.Period);
        Assert.All([.. deadlines[..50], .. deadlines[150..], late], deadline => Assert.Equal(Expiry.Total, deadline.Expired));
        Assert.All(deadlines[50..150], deadline => Assert.Equal(Expiry.None, deadline.Expired));
    }

    [Fact]
    public void Once_the_answer_streams_reads_are_canceled_and_the_request_is_not()
    {
        var deadline = new Deadline();
        deadline.Begin(50);
        deadline.BeginAttempt(100);
        deadline.BeginStreaming();
        deadline.Look(50);
        Assert.Equal(Expiry.Total, deadline.Expired);
        Assert.True(deadline.Read.IsCancellationRequested);
        Assert.False(deadline.Request.IsCancellationRequested);
    }

    [Fact]
    public void A_second_attempt_is_canceled_as_a_request_again()
    {
        var deadline = new Deadline();
        deadline.Begin(Never);
        deadline.BeginAttempt(100);
        deadline.BeginStreaming();
        deadline.Clear();
        deadline.BeginAttempt(200);
        deadline.Look(150);
        Assert.Equal(Expiry.None, deadline.Expired);
        deadline.Look(200);
        Assert.True(deadline.Request.IsCancellationRequested);
    }

    /// <summary>The sweep sees that a limit is due; before it acts, that request ends and the next one begins in the same object.</summary>
    [Fact]
    public void A_limit_never_ends_the_request_after_its_own()
    {
        var deadline = new Deadline();
        deadline.Begin(Never);
        deadline.BeginAttempt(100);
        Assert.True(deadline.IsDue(100));
        Assert.True(deadline.End());

        deadline.Begin(Never);
        deadline.Expire(100);

        Assert.Equal(Expiry.None, deadline.Expired);
        Assert.False(deadline.Request.IsCancellationRequested);
        deadline.BeginAttempt(300);
        deadline.Look(300);
        Assert.Equal(Expiry.FirstByte, deadline.Expired);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_has_ended_keeps_no_destination(bool isExpired)
    {
        var deadline = new Deadline();
        var destination = Run(deadline, isExpired);
        for (var i = 0; i < 10 && destination.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(destination.IsAlive);
        GC.KeepAlive(deadline);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Run(Deadline deadline, bool isExpired)
    {
        var load = new DestinationLoad("d");
        deadline.Begin(Never);
        deadline.BeginAttempt(100, 0, load);
        deadline.Look(isExpired ? 100 : 50);
        Assert.Equal(!isExpired, deadline.End());
        return new WeakReference(load);
    }

    [Fact]
    public void A_limit_that_was_lifted_in_time_ends_nothing()
    {
        var deadline = new Deadline();
        deadline.Begin(Never);
        deadline.BeginAttempt(100);
        Assert.True(deadline.IsDue(100));
        deadline.Clear();
        deadline.Expire(100);
        Assert.Equal(Expiry.None, deadline.Expired);
        Assert.True(deadline.End());
    }

    [Fact]
    public void After_a_client_that_left_the_object_serves_the_next_request()
    {
        var deadline = new Deadline();
        deadline.Begin(Never);
        deadline.BeginStreaming();
        var read = deadline.Read;
        deadline.CancelRead();
        Assert.True(read.IsCancellationRequested);
        Assert.True(deadline.End());

        deadline.Begin(50);
        deadline.BeginStreaming();
        Assert.False(deadline.Read.IsCancellationRequested);
        deadline.Look(50);
        Assert.True(deadline.Read.IsCancellationRequested);
        Assert.False(deadline.End());
    }

    [Fact]
    public void The_sweep_looks_at_what_was_added_until_it_is_removed()
    {
        var time = new FakeTimeProvider();
        using var sweep = new DeadlineSweep(time);
        var kept = new Deadline();
        var removed = new Deadline();
        foreach (var deadline in new[] { kept, removed })
        {
            deadline.Begin(time.GetTimestamp() + time.TimestampFrequency);
            sweep.Add(deadline);
        }

        sweep.Remove(removed);
        Assert.Equal(1, sweep.Count);
        time.Advance(TimeSpan.FromSeconds(1) - DeadlineSweep.Period);
        Assert.Equal(Expiry.None, kept.Expired);
        time.Advance(DeadlineSweep.Period);
        Assert.Equal((Expiry.Total, Expiry.None), (kept.Expired, removed.Expired));
    }
}
