using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Admission;

public class AdmissionQueueTests
{
    private static async Task<T> Now<T>(Task<T> task)
    {
        await task.Soon();
        return await task;
    }

    [Fact]
    public async Task Whoever_waits_is_served_in_turn_as_places_come_free()
    {
        var room = new WaitRoom(places: 1);
        Assert.Equal(WaitEnd.Granted, await room.EnterAsync("first", room.Ticket()));
        var batch = room.EnterAsync("batch", room.Ticket(band: PriorityBand.Batch));
        var critical = room.EnterAsync("critical", room.Ticket(band: PriorityBand.Critical));
        Assert.True(room.Queue.IsWaited);
        room.Free();
        Assert.Equal(WaitEnd.Granted, await Now(critical));
        Assert.False(batch.IsCompleted);
        room.Free();
        Assert.Equal(WaitEnd.Granted, await Now(batch));
        Assert.False(room.Queue.IsWaited);
        Assert.Equal("first critical batch", string.Join(' ', room.Served));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    public async Task No_more_wait_than_may(int limit, int expected)
    {
        var room = new WaitRoom(places: 0, limit);
        var waits = Enumerable.Range(0, 4).Select(i => room.EnterAsync($"{i}", room.Ticket())).ToList();
        Assert.Equal(expected, room.Queue.CountOf(PriorityBand.Standard));
        Assert.Equal(4 - expected, waits.Count(static wait => wait.IsCompleted));
        room.Queue.Close();
        await Task.WhenAll(waits).Soon();
        Assert.False(room.Queue.IsWaited);
    }

    [Theory]
    [InlineData(100, 100, true)]
    [InlineData(100, 101, false)]
    [InlineData(101, 100, false)]
    [InlineData(201, 0, false)]
    public void No_more_bytes_are_held_than_may(long first, long second, bool fits)
    {
        var room = new WaitRoom(places: 0, bytes: 200);
        Assert.Equal(first <= 200, room.Queue.TryEnter(room.Ticket() with { Bytes = first }, "a") is not null);
        Assert.Equal(fits || first > 200, room.Queue.TryEnter(room.Ticket() with { Bytes = second }, "b") is not null);
        Assert.Equal((first <= 200 ? first : 0) + (fits || first > 200 ? second : 0), room.Queue.Bytes);
    }

    [Fact]
    public async Task As_many_lower_ones_go_as_the_bytes_of_a_higher_one_need_and_none_in_vain()
    {
        var room = new WaitRoom(places: 0, bytes: 100);
        var batch = Enumerable.Range(0, 3).Select(i => room.EnterAsync($"{i}", room.Ticket(band: PriorityBand.Batch) with { Bytes = 30 })).ToList();
        Assert.Null(await room.EnterAsync("too large", room.Ticket() with { Bytes = 101 }));
        Assert.DoesNotContain(batch, static wait => wait.IsCompleted);
        var standard = room.EnterAsync("standard", room.Ticket() with { Bytes = 60 });
        Assert.Equal([WaitEnd.Displaced, WaitEnd.Displaced], [await Now(batch[2]), await Now(batch[1])]);
        Assert.False(standard.IsCompleted);
        Assert.Null(await room.EnterAsync("no room below", room.Ticket() with { Bytes = 41 }));
        Assert.False(batch[0].IsCompleted);
        Assert.Equal(90, room.Queue.Bytes);
    }

    [Fact]
    public async Task A_higher_band_takes_the_place_of_the_newest_of_the_lowest()
    {
        var room = new WaitRoom(places: 0, limit: 2);
        var (first, second) = (room.EnterAsync("1", room.Ticket(band: PriorityBand.Batch)), room.EnterAsync("2", room.Ticket(band: PriorityBand.Batch)));
        var higher = room.EnterAsync("3", room.Ticket());
        Assert.Equal(WaitEnd.Displaced, await Now(second));
        Assert.False(first.IsCompleted || higher.IsCompleted);
        Assert.Null(await room.EnterAsync("4", room.Ticket(band: PriorityBand.Batch)));
    }

    [Theory]
    [InlineData(9.999, false)]
    [InlineData(10, true)]
    [InlineData(11, true)]
    public async Task A_deadline_ends_the_wait_and_nobody_is_served_after_it(double seconds, bool isOver)
    {
        var room = new WaitRoom(places: 0);
        var wait = room.EnterAsync("late", room.Ticket(seconds: 10));
        room.Time.Advance(TimeSpan.FromSeconds(seconds));
        room.Places = 1;
        room.Queue.Freed();
        Assert.Equal(isOver ? WaitEnd.Expired : WaitEnd.Granted, await Now(wait));
        Assert.Equal(isOver, room.Served.IsEmpty);
        Assert.False(room.Queue.IsWaited);
    }

    [Fact]
    public async Task The_sweep_ends_what_is_over_and_finds_room_nobody_told_of()
    {
        var room = new WaitRoom(places: 0);
        var (early, late) = (room.EnterAsync("early", room.Ticket(seconds: 1)), room.EnterAsync("late", room.Ticket(seconds: 2)));
        room.Time.Advance(TimeSpan.FromSeconds(1));
        room.Queue.Sweep();
        Assert.Equal(WaitEnd.Expired, await Now(early));
        Assert.False(late.IsCompleted);
        room.Places = 1;
        room.Queue.Sweep();
        Assert.Equal(WaitEnd.Granted, await Now(late));
    }

    /// <summary>Nobody is woken for a place that another was told of already.</summary>
    [Fact]
    public void As_many_are_granted_as_there_are_places()
    {
        var room = new WaitRoom(places: 0);
        var waiters = Enumerable.Range(0, 10).Select(i => room.Queue.TryEnter(room.Ticket((ulong)i), i)!).ToList();
        room.Places = 3;
        room.Queue.Freed();
        room.Queue.Freed();
        Assert.Equal(3, room.Queue.Granted);
        Assert.Equal([true, true, true, false, false, false, false, false, false, false], waiters.Select(static waiter => waiter.WhenOver.IsCompleted));
    }

    [Fact]
    public async Task Who_finds_its_place_taken_stands_first_again()
    {
        var room = new WaitRoom(places: 0);
        var (first, second) = (room.EnterAsync("first", room.Ticket()), room.EnterAsync("second", room.Ticket()));
        var told = 0;
        room.Outlook = _ =>
        {
            told++;
            return Outlook.Open;
        };

        // One that did not wait was quicker: the queue hears of a place that is not there.
        room.Places = 1;
        Assert.True(room.TryTake());
        room.Queue.Freed();
        Assert.False(first.IsCompleted);
        room.Free();
        Assert.Equal(WaitEnd.Granted, await Now(first));
        Assert.False(second.IsCompleted);
    }

    [Fact]
    public async Task Who_leaves_gives_its_place_to_others()
    {
        var room = new WaitRoom(places: 0, limit: 1);
        var waiter = room.Queue.TryEnter(room.Ticket(), "leaves")!;
        Assert.Null(room.Queue.TryEnter(room.Ticket(), "too many"));
        var wait = waiter.WhenOver.AsTask();
        waiter.Leave();
        waiter.Leave();
        Assert.Equal(WaitEnd.Left, await Now(wait));
        Assert.False(room.Queue.IsWaited);
        Assert.NotNull(room.Queue.TryEnter(room.Ticket(), "next"));
    }

    [Fact]
    public void Who_goes_away_after_it_was_told_leaves_its_turn_to_the_next()
    {
        var room = new WaitRoom(places: 0);
        var (first, second) = (room.Queue.TryEnter(room.Ticket(), 1)!, room.Queue.TryEnter(room.Ticket(), 2)!);
        room.Places = 1;
        room.Queue.Freed();
        Assert.Equal((true, false), (first.WhenOver.IsCompleted, second.WhenOver.IsCompleted));
        first.Abandon();
        Assert.True(second.WhenOver.IsCompleted);
        second.Abandon();
        Assert.Equal((false, 0), (room.Queue.IsWaited, room.Queue.Granted));
    }

    /// <summary>The rate is what was served; a queue nobody was served from knows none.</summary>
    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(100, 0, 1)]
    [InlineData(10, 50, 6)]
    [InlineData(1, 100, 60)]
    public async Task Who_is_refused_is_told_when_those_before_it_will_have_been_served(int perSecond, int waiting, int seconds)
    {
        var room = new WaitRoom(places: 1);
        for (var i = 0; i < 20 * perSecond; i++)
        {
            await ServeAsync(room, after: 1.0 / perSecond);
        }

        room.Places = 0;
        for (var i = 0; i < waiting; i++)
        {
            room.Queue.TryEnter(room.Ticket(), i);
        }

        Assert.InRange(room.Queue.SendAway(1), Math.Max(1, seconds - 1), seconds);
    }

    /// <summary>How fast a queue gets shorter shows while there is one; a quiet hour says nothing, nor does the first moment of a burst.</summary>
    [Theory]
    [InlineData(0.9, 1)]
    [InlineData(1, 3)]
    [InlineData(30, 3)]
    public async Task Time_in_which_nobody_waits_does_not_make_a_queue_slow(double waited, int seconds)
    {
        var room = new WaitRoom(places: 1);
        for (var i = 0; i < Math.Round(waited * 20); i++)
        {
            await ServeAsync(room, after: 0.05);
            room.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.InRange(room.Queue.DrainPerSecond, 0, 20.1);
        }

        room.Time.Advance(TimeSpan.FromHours(1));
        room.Places = 0;
        for (var i = 0; i < 40; i++)
        {
            room.Queue.TryEnter(room.Ticket(), i);
        }

        Assert.Equal(seconds, room.Queue.SendAway(1));
    }

    [Fact]
    public void Where_nobody_was_served_for_long_who_is_refused_stays_away_for_long()
    {
        var room = new WaitRoom(places: 0);
        for (var i = 0; i < 9; i++)
        {
            room.Queue.TryEnter(room.Ticket(seconds: 100), i);
        }

        Assert.Equal(1, room.Queue.SendAway(1));
        room.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(60, room.Queue.SendAway(1));
        Assert.Equal(0, room.Queue.DrainPerSecond);
    }

    /// <summary>One waits for so long and is served.</summary>
    private static async Task ServeAsync(WaitRoom room, double after)
    {
        room.Places = 0;
        var wait = room.EnterAsync("x", room.Ticket());
        room.Time.Advance(TimeSpan.FromSeconds(after));
        room.Places = 1;
        room.Queue.Freed();
        await Now(wait);
        room.Free();
    }

    /// <summary>Many threads take and free places and come and go; nobody waits for ever, no more are inside than may be, and nothing is left.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task No_wake_up_is_lost_among_many_threads(int seed)
    {
        const int Workers = 16;
        const int Rounds = 2000;
        var room = new WaitRoom(places: 3, limit: 8);
        var most = 0;
        var ends = new int[5];
        await Parallel.ForAsync(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, async (worker, _) =>
        {
            var random = new Random((100 * seed) + worker);
            for (var i = 0; i < Rounds; i++)
            {
                var end = await room.EnterAsync("", room.Ticket((ulong)worker, (PriorityBand)random.Next(3)));
                Interlocked.Increment(ref ends[end is { } known ? (int)known : 4]);
                if (end == WaitEnd.Granted)
                {
                    var taken = room.Taken;
                    most = Math.Max(most, taken);
                    if (random.Next(4) == 0)
                    {
                        await Task.Yield();
                    }

                    room.Free();
                }
            }
        }).Soon();
        Assert.Equal(Workers * Rounds, ends.Sum());
        Assert.True(ends[0] > Rounds, $"{ends[0]} served");
        Assert.Equal((0, 0, false), (room.Taken, room.Queue.Granted, room.Queue.IsWaited));
    }

    [Fact]
    public void Asking_whether_anybody_waits_allocates_nothing()
    {
        var room = new WaitRoom(places: 1);
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                Assert.False(room.Queue.IsWaited);
                room.Queue.Freed();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
