using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Tests.Admission;

/// <summary>Everything at once, from many threads.</summary>
public class WaitStormTests
{
    /// <summary>Requests of kinds, priorities and sizes come, leave, give up, come again and are corrected, while limits and outlooks change; nothing is left, and nobody waits for ever.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nothing_is_left_of_a_storm(int seed)
    {
        var room = new WaitRoom(places: 3, limit: 12, bytes: 400);
        var closed = 0UL;
        room.Outlook = request => (ulong)request == Volatile.Read(ref closed) ? Outlook.Full : (ulong)request == Volatile.Read(ref closed) + 1 ? Outlook.Vain : Outlook.Open;
        using var stop = new CancellationTokenSource();
        var weather = Task.Run(async () =>
        {
            var random = new Random(seed);
            while (!stop.IsCancellationRequested)
            {
                room.Queue.Limits = new QueueLimits(random.Next(1, 14), random.Next(50, 500));
                room.Places = random.Next(1, 5);
                Volatile.Write(ref closed, (ulong)random.Next(6));
                room.Time.Advance(TimeSpan.FromMilliseconds(random.Next(20)));
                room.Queue.Sweep();
                await Task.Yield();
            }
        });
        await Parallel.ForAsync(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (worker, _) =>
        {
            var random = new Random((100 * seed) + worker);
            for (var i = 0; i < 500; i++)
            {
                var kind = (ulong)random.Next(4);
                var ticket = room.Ticket((ulong)random.Next(4), (PriorityBand)random.Next(3), random.NextDouble() / 5) with
                {
                    Kind = kind,
                    Bytes = random.Next(100),
                    Tokens = random.Next(1, 5000),
                    IsAgain = random.Next(9) == 0,
                };
                if (room.Queue.TryEnter(ticket, kind, mayWait: random.Next(9) > 0) is { } waiter)
                {
                    await OneAsync(room, waiter, random);
                }
            }
        }).WaitAsync(TimeSpan.FromSeconds(60));
        await stop.CancelAsync();
        await weather;
        Assert.Equal((0, 0, false, 0L), (room.Taken, room.Queue.Granted, room.Queue.IsWaited, room.Queue.Bytes));
        Assert.All([PriorityBand.Critical, PriorityBand.Standard, PriorityBand.Batch], band => Assert.Equal(0, room.Queue.CountOf(band)));
    }

    private static async Task OneAsync(WaitRoom room, Waiter waiter, Random random)
    {
        var leaves = random.Next(3) == 0 ? Task.Run(waiter.Leave) : Task.CompletedTask;
        while (true)
        {
            var end = await waiter.WhenOver;
            var what = random.Next(6);
            if (end == WaitEnd.Granted && what > 1 && !room.TryTake())
            {
                room.Queue.ComeAgain(waiter);
                continue;
            }

            await leaves;
            if (end != WaitEnd.Granted)
            {
                room.Queue.Return(waiter);
            }
            else if (what == 0)
            {
                waiter.Abandon();
            }
            else
            {
                var ticket = waiter.Ticket;
                room.Queue.Done(waiter, hasBegun: what > 1);
                room.Queue.Return(waiter);
                if (what > 1)
                {
                    await Task.Yield();
                    room.Free();
                    room.Queue.Correct(ticket, random.Next(-5000, 5000));
                }
            }

            return;
        }
    }
}
