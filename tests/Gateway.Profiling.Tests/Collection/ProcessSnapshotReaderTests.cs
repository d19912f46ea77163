using BlazeGateway.Profiling.Collection;
using BlazeGateway.Profiling.Snapshots;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Profiling.Tests.Collection;

public class ProcessSnapshotReaderTests
{
    [Fact]
    public void Descriptors_are_counted()
    {
        using var root = new FileRoot(("proc/self/fd/0", ""), ("proc/self/fd/1", ""), ("proc/self/fd/17", ""));
        Assert.Equal(3, new ProcessSnapshotReader(TimeProvider.System, root.Path).Read().OpenFiles);
    }

    [Fact]
    public void Without_proc_descriptors_are_unknown()
    {
        using var root = new FileRoot();
        Assert.Null(new ProcessSnapshotReader(TimeProvider.System, root.Path).Read().OpenFiles);
    }

    [Fact]
    public void Totals_grow_with_work()
    {
        var reader = new ProcessSnapshotReader(TimeProvider.System);
        var before = reader.Read();
        var kept = new List<byte[]>();
        for (var i = 0; i < 100; i++)
        {
            kept.Add(new byte[100_000]);
        }

        GC.Collect();
        var after = reader.Read();
        Assert.True(after.AllocatedBytes - before.AllocatedBytes >= 9_000_000);
        Assert.True(after.Gen2Collections > before.Gen2Collections);
        Assert.True(after.GcPause > before.GcPause);
        Assert.True(after.CpuTime >= before.CpuTime);
        Assert.True(after.HeapBytes > 100 * 100_000);
        Assert.True(after.ResidentBytes > 0);
        Assert.Equal(100, kept.Count);
    }

    [Fact]
    public void Uptime_follows_the_clock_and_is_never_negative()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var reader = new ProcessSnapshotReader(time);
        var first = reader.Read();
        time.Advance(TimeSpan.FromMinutes(3));
        var second = reader.Read();
        Assert.Equal(TimeSpan.FromMinutes(3), second.Uptime - first.Uptime);
        Assert.Equal(TimeSpan.FromMinutes(3), second.TakenAt - first.TakenAt);
        Assert.Equal(TimeSpan.Zero, new ProcessSnapshotReader(new FakeTimeProvider()).Read().Uptime);
    }

    [Fact]
    public void The_front_door_registers_limits_and_reader()
    {
        var services = new ServiceCollection().AddSingleton(TimeProvider.System).AddGatewayProfiling().BuildServiceProvider();
        Assert.Equal(Environment.ProcessorCount, services.GetRequiredService<MachineLimits>().ProcessorCount);
        Assert.True(services.GetRequiredService<ProcessSnapshotReader>().Read().ThreadPoolThreads >= 0);
    }
}
