namespace BlazeGateway.Profiling.Snapshots;

/// <summary>The process at one moment. Totals count from the start of the process; subtract two snapshots for what happened between them.</summary>
public sealed record ProcessSnapshot
{
    /// <summary>When the snapshot was taken.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>Time since the process started.</summary>
    public TimeSpan Uptime { get; init; }

    /// <summary>CPU time used, user and kernel.</summary>
    public TimeSpan CpuTime { get; init; }

    /// <summary>Bytes of physical memory in use.</summary>
    public long ResidentBytes { get; init; }

    /// <summary>Bytes on the managed heap, garbage not yet collected included.</summary>
    public long HeapBytes { get; init; }

    /// <summary>Bytes ever allocated on the managed heap; lags behind by the threads' unfinished allocation blocks.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Garbage collections of generation 0, each of which is also counted when it was of a higher one.</summary>
    public int Gen0Collections { get; init; }

    /// <summary>Garbage collections of generation 1 and above.</summary>
    public int Gen1Collections { get; init; }

    /// <summary>Garbage collections of generation 2.</summary>
    public int Gen2Collections { get; init; }

    /// <summary>Time all threads stood still for garbage collection.</summary>
    public TimeSpan GcPause { get; init; }

    /// <summary>Threads of the thread pool.</summary>
    public int ThreadPoolThreads { get; init; }

    /// <summary>Work items waiting for a thread of the pool.</summary>
    public long ThreadPoolQueueLength { get; init; }

    /// <summary>Open file descriptors, null where they cannot be counted.</summary>
    public int? OpenFiles { get; init; }
}
