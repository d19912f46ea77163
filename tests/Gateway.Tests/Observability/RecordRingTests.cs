using BlazeGateway.Observability;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Tests.Observability;

public class RecordRingTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(-8)]
    public void The_capacity_is_a_power_of_two(int capacity) => Assert.Throws<ArgumentOutOfRangeException>(() => new RecordRing(capacity));

    [Fact]
    public void What_goes_in_comes_out_in_order_and_a_full_ring_refuses()
    {
        var ring = new RecordRing(4);
        for (var lap = 0; lap < 3; lap++)
        {
            for (var i = 0; i < 4; i++)
            {
                Assert.True(ring.TryEnqueue(new AccessRecord { Started = i }));
            }

            Assert.False(ring.TryEnqueue(new AccessRecord { Started = 9 }));
            for (var i = 0; i < 4; i++)
            {
                Assert.True(ring.TryDequeue(out var record));
                Assert.Equal(i, record.Started);
            }

            Assert.False(ring.TryDequeue(out _));
        }
    }

    [Fact]
    public async Task Nothing_is_lost_torn_or_doubled_under_contention()
    {
        const int writers = 4;
        const int each = 20_000;
        var ring = new RecordRing(64);
        var next = new long[writers];
        var reader = Task.Run(() =>
        {
            for (var left = writers * each; left > 0;)
            {
                if (!ring.TryDequeue(out var record))
                {
                    Thread.Yield();
                    continue;
                }

                left--;
                Assert.Equal(record.Duration, record.Started);
                Assert.Equal(next[record.Attempts]++, record.Started);
            }
        });
        await Parallel.ForAsync(0, writers, new ParallelOptions { MaxDegreeOfParallelism = writers }, (writer, _) =>
        {
            for (long i = 0; i < each; i++)
            {
                while (!ring.TryEnqueue(new AccessRecord { Started = i, Attempts = writer, Duration = i }))
                {
                    Thread.Yield();
                }
            }

            return ValueTask.CompletedTask;
        });

        await reader;
        Assert.All(next, count => Assert.Equal(each, count));
    }
}
