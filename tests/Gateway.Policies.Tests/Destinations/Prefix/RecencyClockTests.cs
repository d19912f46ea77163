using BlazeGateway.Policies.Destinations.Prefix;

namespace BlazeGateway.Policies.Tests.Destinations.Prefix;

public sealed class RecencyClockTests
{
    [Theory]
    [InlineData(1_000, 4_000)]
    [InlineData(31_250, 125_000)]
    [InlineData(500_000, 1_000_000)]
    public void A_rank_is_how_many_were_sent_after(int size, int room)
    {
        var clock = new RecencyClock(size, room);
        var start = clock.Now;
        for (var sent = 0; sent < 3 * size; sent += 250)
        {
            clock.Add(clock.Advance(250, out _), 250);
        }

        var now = clock.Now;
        foreach (var back in new[] { 1, 2, 100, size / 2, size, 2 * size })
        {
            Assert.InRange(clock.Rank(now - back), back - 1 - clock.Tick, back - 1 + clock.Tick);
        }

        var (edge, keep) = clock.Find(size, 2L * size);
        Assert.InRange(edge, now - size - clock.Tick, now - size + clock.Tick);
        Assert.InRange(keep, now - (2L * size) - clock.Tick, now - (2L * size) + clock.Tick);
        Assert.Equal(start + 100, clock.Expand((int)((start + 100) & 0xFFFFFF), now));
        Assert.Equal(now + 100, clock.Expand((int)((now + 100) & 0xFFFFFF), now));
    }

    [Fact]
    public void What_is_sent_again_counts_once()
    {
        var clock = new RecencyClock(1_000, 8_000);
        var oldest = clock.Advance(100, out _);
        clock.Add(oldest, 100);
        var before = clock.Advance(200, out _);
        clock.Add(before, 200);
        for (var i = 0; i < 10; i++)
        {
            var first = clock.Advance(200, out _);
            for (var each = before; each < before + 200; each++)
            {
                clock.Remove(each, 1);
            }

            clock.Add(first, 200);
            before = first;
        }

        Assert.InRange(clock.Rank(oldest + 99), 200 - clock.Tick, 200 + clock.Tick);
        Assert.Equal((clock.Oldest, clock.Oldest), clock.Find(1_000, 2_000));
        Assert.Equal(int.MaxValue, clock.Rank(clock.Oldest - 1));
    }

    [Fact]
    public void Ranks_hold_however_long_it_runs()
    {
        var clock = new RecencyClock(64, 64);
        for (var i = 0; i < 200_000; i++)
        {
            clock.Add(clock.Advance(256, out _), 256);
        }

        Assert.InRange(clock.Rank(clock.Now - 50), 45, 55);
    }
}
