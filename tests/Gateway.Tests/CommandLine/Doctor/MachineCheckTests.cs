using BlazeGateway.CommandLine.Doctor;
using BlazeGateway.Profiling.Snapshots;

namespace BlazeGateway.Tests.CommandLine.Doctor;

public class MachineCheckTests
{
    private static readonly MachineLimits Roomy = new() { ProcessorCount = 4, OpenFiles = 65536, OpenFilesHard = 65536, PhysicalMemoryBytes = 8L << 30 };

    private static Finding Find(string check, MachineLimits limits, bool isServerGc = true) =>
        MachineCheck.Run(limits, isServerGc).Single(finding => finding.Check == check);

    [Theory]
    [InlineData(null, nameof(Verdict.Ok))]
    [InlineData(MachineCheck.FewFiles, nameof(Verdict.Ok))]
    [InlineData(MachineCheck.FewFiles - 1, nameof(Verdict.Warn))]
    public void Few_descriptors_are_a_warning(long? files, string expected) =>
        Assert.Equal(expected, Find("descriptors", Roomy with { OpenFiles = files }).Verdict.ToString());

    [Theory]
    [InlineData(1024L, "raise the hard limit 1024")]
    [InlineData(1048576L, "ulimit -n 65536")]
    [InlineData(null, "ulimit -n 65536")]
    public void The_fix_depends_on_the_hard_limit(long? hard, string expected) =>
        Assert.Contains(expected, Find("descriptors", Roomy with { OpenFiles = 1024, OpenFilesHard = hard }).Fix, StringComparison.Ordinal);

    [Theory]
    [InlineData(MachineCheck.LittleMemory, true, nameof(Verdict.Ok))]
    [InlineData(MachineCheck.LittleMemory - 1, true, nameof(Verdict.Warn))]
    [InlineData(MachineCheck.LittleMemory - 1, false, nameof(Verdict.Ok))]
    [InlineData(null, true, nameof(Verdict.Ok))]
    public void Little_memory_and_server_gc_do_not_go_together(long? bytes, bool isServerGc, string expected)
    {
        Assert.Equal(expected, Find("memory", Roomy with { MemoryBytes = bytes }, isServerGc).Verdict.ToString());
        Assert.Equal(expected, Find("memory", Roomy with { MemoryBytes = null, PhysicalMemoryBytes = bytes }, isServerGc).Verdict.ToString());
    }

    [Theory]
    [InlineData(null, nameof(Verdict.Ok))]
    [InlineData(1.0, nameof(Verdict.Ok))]
    [InlineData(0.99, nameof(Verdict.Warn))]
    public void Less_than_one_processor_is_a_warning(double? processors, string expected) =>
        Assert.Equal(expected, Find("cpu", Roomy with { Processors = processors }).Verdict.ToString());
}
