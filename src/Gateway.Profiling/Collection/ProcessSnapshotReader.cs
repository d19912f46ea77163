using System.Diagnostics;
using BlazeGateway.Profiling.Snapshots;

namespace BlazeGateway.Profiling.Collection;

/// <summary>Takes <see cref="ProcessSnapshot"/>s of the process it runs in. Thread-safe; one snapshot costs tens of microseconds.</summary>
/// <param name="time">The clock.</param>
/// <param name="root">Folder that stands for <c>/</c>.</param>
public sealed class ProcessSnapshotReader(TimeProvider time, string root = "/")
{
    private readonly ProcFiles _files = new(root);
    private readonly DateTimeOffset _started = StartTime();

    /// <summary>The process as it is now.</summary>
    public ProcessSnapshot Read()
    {
        var now = time.GetUtcNow();
        return new ProcessSnapshot
        {
            TakenAt = now,
            Uptime = now > _started ? now - _started : TimeSpan.Zero,
            CpuTime = Environment.CpuUsage.TotalTime,
            ResidentBytes = Environment.WorkingSet,
            HeapBytes = GC.GetTotalMemory(forceFullCollection: false),
            AllocatedBytes = GC.GetTotalAllocatedBytes(precise: false),
            Gen0Collections = GC.CollectionCount(0),
            Gen1Collections = GC.CollectionCount(1),
            Gen2Collections = GC.CollectionCount(2),
            GcPause = GC.GetTotalPauseDuration(),
            ThreadPoolThreads = ThreadPool.ThreadCount,
            ThreadPoolQueueLength = ThreadPool.PendingWorkItemCount,
            OpenFiles = _files.CountEntries("proc/self/fd"),
        };
    }

    private static DateTimeOffset StartTime()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime);
    }
}
