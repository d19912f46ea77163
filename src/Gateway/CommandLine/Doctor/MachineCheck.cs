using BlazeGateway.Hosting.Supervision;
using BlazeGateway.Profiling.Snapshots;

namespace BlazeGateway.CommandLine.Doctor;

/// <summary>Descriptors, memory, CPU and garbage collector against each other.</summary>
internal static class MachineCheck
{
    /// <summary>Below it the connection budget falls under a thousand clients.</summary>
    internal const long FewFiles = 4096;

    /// <summary>Below it server GC's one heap per core crowds out the work.</summary>
    internal const long LittleMemory = 512L << 20;

    public static IEnumerable<Finding> Run(MachineLimits limits, bool isServerGc)
    {
        yield return Descriptors(limits);
        yield return Memory(limits, isServerGc);
        yield return limits.Processors is < 1 and { } share
            ? new Finding(Verdict.Warn, "cpu", $"the container may use {share:0.##} processors; every pause of its quota delays tokens", "allow 1 or more")
            : new Finding(Verdict.Ok, "cpu", $"{limits.ProcessorCount} processor(s)" + (limits.Processors is { } allowed ? $", container limit {allowed:0.##}" : ""));
    }

    /// <summary>The runtime against <see cref="RuntimeFloor"/>.</summary>
    public static Finding Runtime(string description) => RuntimeFloor.Fault(description) is { } fault
        ? new Finding(Verdict.Warn, "runtime", fault[..fault.IndexOf(';', StringComparison.Ordinal)], fault[(fault.IndexOf(';', StringComparison.Ordinal) + 2)..])
        : new Finding(Verdict.Ok, "runtime", description);

    private static Finding Descriptors(MachineLimits limits)
    {
        if (limits.OpenFiles is not { } soft)
        {
            return new Finding(Verdict.Ok, "descriptors", "no limit known");
        }

        var fix = limits.OpenFilesHard is { } hard && hard <= soft
            ? $"raise the hard limit {hard} (LimitNOFILE=65536 in systemd, ulimits in Docker)"
            : "ulimit -n 65536 before the start, or LimitNOFILE=65536 in systemd";
        return soft < FewFiles
            ? new Finding(Verdict.Warn, "descriptors", $"{soft} files may be open; each connection needs one, each proxied request two", fix)
            : new Finding(Verdict.Ok, "descriptors", $"{soft} files may be open");
    }

    private static Finding Memory(MachineLimits limits, bool isServerGc)
    {
        var bytes = limits.MemoryBytes ?? limits.PhysicalMemoryBytes;
        var of = limits.MemoryBytes is null ? "machine" : "container limit";
        var collector = isServerGc ? "server GC" : "workstation GC";
        return bytes switch
        {
            null => new Finding(Verdict.Ok, "memory", "no limit known, " + collector),
            < LittleMemory when isServerGc => new Finding(
                Verdict.Warn, "memory", $"{bytes >> 20} MiB ({of}) with server GC", "allow 512 MiB or more, or set DOTNET_gcServer=0"),
            _ => new Finding(Verdict.Ok, "memory", $"{bytes >> 20} MiB ({of}), {collector}"),
        };
    }
}
