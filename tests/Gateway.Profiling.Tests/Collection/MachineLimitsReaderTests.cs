using BlazeGateway.Profiling.Collection;
using BlazeGateway.Profiling.Snapshots;

namespace BlazeGateway.Profiling.Tests.Collection;

public class MachineLimitsReaderTests
{
    private static MachineLimits Read(params (string Path, string Text)[] files)
    {
        using var root = new FileRoot(files);
        return new MachineLimitsReader(root.Path).Read();
    }

    private static string Limits(string soft, string hard) =>
        "Limit                     Soft Limit           Hard Limit           Units     \n" +
        "Max processes             95000                95000                processes \n" +
        $"Max open files            {soft,-20} {hard,-20} files     \n" +
        "Max locked memory         8388608              8388608              bytes     \n";

    [Theory]
    [InlineData("1024", "1048576", 1024L, 1048576L)]
    [InlineData("unlimited", "unlimited", null, null)]
    [InlineData("65536", "unlimited", 65536L, null)]
    public void Descriptors_are_read_from_the_process(string soft, string hard, long? expectedSoft, long? expectedHard)
    {
        var limits = Read(("proc/self/limits", Limits(soft, hard)));
        Assert.Equal(expectedSoft, limits.OpenFiles);
        Assert.Equal(expectedHard, limits.OpenFilesHard);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Max open files\n")]
    [InlineData("Max open files   12\n")]
    [InlineData("Max open files   -5  -6 files\n")]
    public void A_malformed_file_means_unknown(string text)
    {
        var limits = Read(("proc/self/limits", text));
        Assert.Null(limits.OpenFiles);
        Assert.Null(limits.OpenFilesHard);
    }

    [Fact]
    public void Nothing_there_means_no_limit()
    {
        var limits = Read();
        Assert.Equal(new MachineLimits { ProcessorCount = Environment.ProcessorCount }, limits);
    }

    [Fact]
    public void The_tightest_group_of_version_2_counts()
    {
        var limits = Read(
            ("proc/self/cgroup", "0::/system.slice/blaze.service\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "1000000\n"),
            ("sys/fs/cgroup/system.slice/blaze.service/memory.max", "max\n"),
            ("sys/fs/cgroup/system.slice/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/system.slice/blaze.service/cpu.max", "150000 100000\n"));
        Assert.Equal(1000000, limits.MemoryBytes);
        Assert.Equal(1.5, limits.Processors);
    }

    [Fact]
    public void A_containers_own_root_group_of_version_2_is_read()
    {
        var limits = Read(
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "268435456\n"),
            ("sys/fs/cgroup/cpu.max", "50000 100000\n"));
        Assert.Equal(256L * 1024 * 1024, limits.MemoryBytes);
        Assert.Equal(0.5, limits.Processors);
    }

    [Fact]
    public void Version_1_has_a_group_for_each_controller()
    {
        var limits = Read(
            ("proc/self/cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n"),
            ("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "536870912\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "200000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n"));
        Assert.Equal(512L * 1024 * 1024, limits.MemoryBytes);
        Assert.Equal(2, limits.Processors);
    }

    [Fact]
    public void Version_1_says_no_limit_with_a_huge_number_and_minus_one()
    {
        var limits = Read(
            ("proc/self/cgroup", "5:memory:/\n4:cpu:/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"));
        Assert.Null(limits.MemoryBytes);
        Assert.Null(limits.Processors);
    }

    [Theory]
    [InlineData(".dockerenv", "", true)]
    [InlineData("run/.containerenv", "", true)]
    [InlineData("proc/1/cgroup", "0::/kubepods/burstable/pod1\n", true)]
    [InlineData("proc/1/cgroup", "0::/init.scope\n", false)]
    [InlineData("etc/hostname", "x", false)]
    public void A_container_is_recognised(string file, string text, bool expected) => Assert.Equal(expected, Read((file, text)).IsContainer);

    [Fact]
    public void The_machines_memory_is_in_bytes() =>
        Assert.Equal(24_000_000L * 1024, Read(("proc/meminfo", "MemTotal:       24000000 kB\nMemFree:  1 kB\n")).PhysicalMemoryBytes);

    [Fact]
    public void This_machine_has_a_descriptor_limit()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        var limits = new MachineLimitsReader().Read();
        Assert.True(limits.OpenFiles is null or > 0);
        Assert.True(limits.PhysicalMemoryBytes > 0);
    }
}
