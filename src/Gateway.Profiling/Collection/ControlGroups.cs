namespace BlazeGateway.Profiling.Collection;

/// <summary>
/// The limits of the control groups the process is in, version 2 (one hierarchy) or 1 (one per controller). A limit of an outer group binds the inner ones,
/// so the tightest on the way to the root counts.
/// </summary>
internal sealed record ControlGroups(long? MemoryBytes, double? Processors)
{
    /// <summary>Version 1 says "no limit" with a number near 2^63; no machine has as much.</summary>
    private const long NoLimit = 1L << 60;

    private const string Mount = "sys/fs/cgroup";

    public static ControlGroups Read(ProcFiles files)
    {
        long? memory = null;
        double? processors = null;
        foreach (var line in files.Lines("proc/self/cgroup"))
        {
            if (line.Split(':', 3) is not [_, var controllers, var path])
            {
                continue;
            }

            if (controllers.Length == 0)
            {
                memory = Tightest(memory, Walk(Mount, path, folder => ProcFiles.Number(files.Line(folder + "/memory.max"))));
                processors = Tightest(processors, Walk(Mount, path, folder => Quota(files.Line(folder + "/cpu.max"))));
            }
            else if (controllers == "memory")
            {
                memory = Tightest(memory, Walk(Mount + "/memory", path, folder => Real(ProcFiles.Number(files.Line(folder + "/memory.limit_in_bytes")))));
            }
            else if (controllers.Split(',').Contains("cpu", StringComparer.Ordinal))
            {
                processors = Tightest(processors, Walk(Mount + "/" + controllers, path, folder =>
                    Quota(files.Line(folder + "/cpu.cfs_quota_us") + " " + files.Line(folder + "/cpu.cfs_period_us"))));
            }
        }

        return new ControlGroups(memory, processors);
    }

    private static T? Walk<T>(string mount, string path, Func<string, T?> read)
        where T : struct, IComparable<T>
    {
        T? tightest = null;
        var folder = path.TrimEnd('/');
        while (true)
        {
            tightest = Tightest(tightest, read(mount + folder));
            var cut = folder.LastIndexOf('/');
            if (cut < 0)
            {
                return tightest;
            }

            folder = folder[..cut];
        }
    }

    private static T? Tightest<T>(T? first, T? second)
        where T : struct, IComparable<T> =>
        first is not { } one ? second : second is not { } other ? first : one.CompareTo(other) <= 0 ? one : other;

    private static long? Real(long? bytes) => bytes >= NoLimit ? null : bytes;

    private static double? Quota(string? line) =>
        line?.Split(' ') is [var quota, var period] && ProcFiles.Number(quota) is { } time && ProcFiles.Number(period) is > 0 and { } of ? (double)time / of : null;
}
