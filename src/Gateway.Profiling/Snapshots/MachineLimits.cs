namespace BlazeGateway.Profiling.Snapshots;

/// <summary>What the machine or container allows this process. A null value means no limit, or none that could be read.</summary>
public sealed record MachineLimits
{
    /// <summary>File descriptors the process may have open now (soft limit), null when unlimited or unknown.</summary>
    public long? OpenFiles { get; init; }

    /// <summary>File descriptors the process could raise its soft limit to (hard limit), null when unlimited or unknown.</summary>
    public long? OpenFilesHard { get; init; }

    /// <summary>Bytes of memory the control group allows, null without a limit.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Bytes of memory of the machine, null when unknown.</summary>
    public long? PhysicalMemoryBytes { get; init; }

    /// <summary>Processors' worth of CPU time the control group allows, such as 1.5; null without a limit.</summary>
    public double? Processors { get; init; }

    /// <summary>Processors the runtime uses: affinity and limit already counted in, rounded up.</summary>
    public required int ProcessorCount { get; init; }

    /// <summary>Whether the process runs in a container.</summary>
    public bool IsContainer { get; init; }
}
