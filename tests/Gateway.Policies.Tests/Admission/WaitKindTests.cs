using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Tests.Admission;

/// <summary>Requests that wait for different destinations of one cluster, and what becomes of those that are in nobody's way.</summary>
public class WaitKindTests
{
    private const ulong Busy = 1;
    private const ulong Idle = 2;

    private static WaitTicket Ticket(WaitRoom room, ulong kind, ulong client = 1, PriorityBand band = PriorityBand.Standard) => room.Ticket(client, band) with { Kind = kind };

    /// <summary>A room where one place is free, for requests of the one kind only; as many of the other wait as may.</summary>
    private static WaitRoom Full(int limit, long bytes = 1 << 20)
    {
        var room = new WaitRoom(places: 1, limit, bytes) { Outlook = static request => (ulong)request == Idle ? Outlook.Open : Outlook.Full };
        for (var i = 0; i < limit; i++)
        {
            Assert.NotNull(room.Queue.TryEnter(Ticket(room, Busy), Busy));
        }

        return room;
    }

    [Theory]
    [InlineData((int)PriorityBand.Critical)]
    [InlineData((int)PriorityBand.Standard)]
    [InlineData((int)PriorityBand.Batch)]
    public void A_full_queue_refuses_nobody_whose_destination_is_idle_and_sends_nobody_away_for_it(int band)
    {
        var room = Full(limit: 10);
        var waiter = room.Queue.TryEnter(Ticket(room, Idle, client: 2, (PriorityBand)band), Idle);
        Assert.NotNull(waiter);
        Assert.True(waiter.WhenOver.IsCompleted);
        Assert.Equal((10, 1), (room.Queue.CountOf(PriorityBand.Standard), room.Queue.Granted));

        // The one free place is promised.
        Assert.Null(room.Queue.TryEnter(Ticket(room, Idle, band: PriorityBand.Batch), Idle));
        room.Queue.Done(waiter, hasBegun: true);
        room.Queue.Return(waiter);
        Assert.True(room.Queue.IsWaited);
        Assert.Equal(0, room.Queue.Granted);
    }

    [Theory]
    [InlineData(Idle, true)]
    [InlineData(Busy, false)]
    public void Who_may_not_wait_is_let_in_only_where_it_may_begin_at_once(ulong kind, bool expected)
    {
        var room = new WaitRoom(places: 1) { Outlook = static request => (ulong)request == Idle ? Outlook.Open : Outlook.Full };
        room.Queue.TryEnter(Ticket(room, Busy), Busy);
        Assert.Equal(expected, room.Queue.TryEnter(Ticket(room, kind), kind, mayWait: false) is not null);
    }

    /// <summary>It was promised a place and found it taken: it has no place in the queue to come back to, unless there is one by then.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_came_without_a_place_comes_back_to_none(bool hasLeft)
    {
        var room = new WaitRoom(places: 1, limit: 1) { Outlook = static request => (ulong)request == Idle ? Outlook.Open : Outlook.Full };
        var waits = room.Queue.TryEnter(Ticket(room, Busy), Busy)!;
        var waiter = room.Queue.TryEnter(Ticket(room, Idle), Idle)!;
        if (hasLeft)
        {
            waits.Leave();
        }

        room.Places = 0;
        room.Queue.ComeAgain(waiter);
        var wait = waiter.WhenOver;
        Assert.Equal(!hasLeft, wait.IsCompleted);
        if (!hasLeft)
        {
            Assert.Equal(WaitEnd.Displaced, await wait);
        }

        Assert.Equal((1, 0), (room.Queue.CountOf(PriorityBand.Standard), room.Queue.Granted));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1000)]
    public void Each_kind_is_asked_once_however_many_wait(int count)
    {
        var asked = 0;
        var room = new WaitRoom(places: 5, limit: count + 10);
        room.Outlook = request =>
        {
            asked++;
            return (ulong)request == Idle ? Outlook.Open : Outlook.Full;
        };
        for (var i = 0; i < count; i++)
        {
            room.Queue.TryEnter(Ticket(room, Busy, client: (ulong)i), Busy);
        }

        asked = 0;
        var waiter = room.Queue.TryEnter(Ticket(room, Idle), Idle)!;
        Assert.True(waiter.WhenOver.IsCompleted);
        Assert.InRange(asked, 1, 4);
    }

    /// <summary>No place is free, yet those that nobody would take any more are told; the others go on waiting.</summary>
    [Fact]
    public async Task Who_waits_in_vain_is_told_by_the_sweep()
    {
        var outlook = Outlook.Full;
        var room = new WaitRoom(places: 0);
        room.Outlook = request => (ulong)request == Idle ? outlook : Outlook.Full;
        var (other, vain) = (room.Queue.TryEnter(Ticket(room, Busy), Busy)!, room.Queue.TryEnter(Ticket(room, Idle), Idle)!);
        room.Queue.Sweep();
        Assert.False(vain.WhenOver.IsCompleted);
        outlook = Outlook.Vain;
        room.Queue.Sweep();
        Assert.Equal(WaitEnd.Granted, await vain.WhenOver);
        Assert.False(other.WhenOver.IsCompleted);
        room.Queue.Done(vain, hasBegun: false);
        Assert.Equal((0, 1), (room.Queue.Granted, room.Queue.CountOf(PriorityBand.Standard)));
    }

    /// <summary>Bytes are shared as places are: whoever holds most gives up its newest as long as it keeps as many as the one that comes then holds.</summary>
    [Theory]
    [InlineData(100, 1, 1)]
    [InlineData(100, 450, 5)]
    [InlineData(100, 500, 5)]
    [InlineData(100, 501, 0)]
    [InlineData(500, 500, 1)]
    [InlineData(1000, 1, 0)]
    public void The_client_that_holds_most_bytes_makes_room(int each, int bytes, int sentAway)
    {
        var room = new WaitRoom(places: 0, bytes: 1000);
        var large = Enumerable.Range(0, 1000 / each).Select(i => room.Queue.TryEnter(room.Ticket() with { Bytes = each }, i)!).ToList();
        Assert.Null(room.Queue.TryEnter(room.Ticket() with { Bytes = bytes }, "more of its own"));
        Assert.Equal(sentAway > 0, room.Queue.TryEnter(room.Ticket(client: 2) with { Bytes = bytes }, "other") is not null);
        Assert.Equal(large.TakeLast(sentAway), large.Where(static waiter => waiter.WhenOver.IsCompleted));
        Assert.InRange(room.Queue.Bytes, 0, 1000);
    }

    /// <summary>One place is free for those that wait for one model, and many for others: no more are woken than may begin, and those in their order.</summary>
    [Fact]
    public void No_more_of_a_kind_are_woken_than_there_are_places_for_it()
    {
        var free = 0;
        var room = new WaitRoom(places: 50) { Outlook = request => new Outlook(Volatile.Read(ref free)) };
        var waiters = Enumerable.Range(0, 10).Select(i => room.Queue.TryEnter(room.Ticket() with { Kind = 1 }, i)!).ToArray();
        Assert.Equal(0, room.Queue.Granted);
        Volatile.Write(ref free, 1);
        room.Queue.Freed();
        Assert.Equal([waiters[0]], waiters.Where(static waiter => waiter.WhenOver.IsCompleted));

        // It did not get the place, and is the first again.
        room.Queue.ComeAgain(waiters[0]);
        Assert.Equal((1, true, false), (room.Queue.Granted, waiters[0].WhenOver.IsCompleted, waiters[1].WhenOver.IsCompleted));
        room.Queue.Done(waiters[0], hasBegun: true);
        room.Queue.Return(waiters[0]);
        Assert.Equal((1, true, false), (room.Queue.Granted, waiters[1].WhenOver.IsCompleted, waiters[2].WhenOver.IsCompleted));
        Volatile.Write(ref free, 3);
        room.Queue.Freed();
        Assert.Equal((3, true, false), (room.Queue.Granted, waiters[3].WhenOver.IsCompleted, waiters[4].WhenOver.IsCompleted));
        foreach (var waiter in waiters.Skip(1))
        {
            waiter.Abandon();
        }

        Assert.Equal((0, false), (room.Queue.Granted, room.Queue.IsWaited));
    }

    /// <summary>Ten are served a second and nobody waits: whoever is refused hundreds of times is to stay away, others are not.</summary>
    [Fact]
    public void Who_is_refused_again_and_again_puts_off_itself_and_not_others()
    {
        var room = new WaitRoom(places: 0);
        for (var i = 0; i < 200; i++)
        {
            room.Places = 0;
            var waiter = room.Queue.TryEnter(room.Ticket(), i)!;
            room.Time.Advance(TimeSpan.FromSeconds(0.1));
            room.Places = 1;
            room.Queue.Freed();
            room.Queue.Done(waiter, hasBegun: true);
            room.Queue.Return(waiter);
        }

        Assert.Equal(1, room.Queue.SendAway(client: 1));
        var own = 0;
        for (var i = 0; i < 600; i++)
        {
            own = room.Queue.SendAway(client: 1);
        }

        Assert.InRange(own, 55, 60);
        Assert.Equal(1, room.Queue.SendAway(client: 2));
        room.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.InRange(room.Queue.SendAway(client: 1), 1, 60);
    }
}
