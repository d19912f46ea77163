using BlazeGateway.Policies.Admission;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Admission;

public class MemoryPressureTests
{
    [Theory]
    [InlineData(849, 1000, 500, nameof(MemoryState.Calm))]
    [InlineData(850, 1000, 500, nameof(MemoryState.Short))]
    [InlineData(949, 1000, 500, nameof(MemoryState.Short))]
    [InlineData(950, 1000, 500, nameof(MemoryState.Out))]
    [InlineData(1200, 1000, 500, nameof(MemoryState.Out))]
    [InlineData(990, 1000, 99, nameof(MemoryState.Calm))]
    [InlineData(990, 1000, 100, nameof(MemoryState.Out))]
    [InlineData(990, 0, 100, nameof(MemoryState.Calm))]
    public void Memory_is_short_by_what_is_used_and_by_what_is_the_process_own(long used, long limit, long own, string expected) =>
        Assert.Equal(expected, MemoryPressure.Of(new MemoryReading(used, limit, own, 1)).ToString());

    [Fact]
    public void It_looks_once_a_second_and_has_the_collector_look_where_nobody_allocates()
    {
        var time = new FakeTimeProvider();
        var (reading, looks, collections) = (new MemoryReading(960, 1000, 500, 1), 0, 0);
        using var pressure = new MemoryPressure(
            time,
            () =>
            {
                looks++;
                return reading;
            },
            () =>
            {
                collections++;
                reading = reading with { Used = 100, At = 2 };
            });
        Assert.Equal(MemoryState.Calm, pressure.State);
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(0, looks);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((MemoryState.Out, 0.96, 1, 0), (pressure.State, pressure.Used, looks, collections));
        time.Advance(MemoryPressure.Period);
        Assert.Equal((MemoryState.Calm, 0.1, 1), (pressure.State, pressure.Used, collections));
        time.Advance(MemoryPressure.Period);
        Assert.Equal(1, collections);
    }

    [Fact]
    public void The_collector_tells_what_there_is()
    {
        GC.Collect();
        var reading = MemoryReading.Now();
        Assert.True(reading is { Used: > 0, Limit: > 0, Own: > 0, At: > 0 });
    }
}
