using System.Globalization;
using BlazeGateway.Profiling.Snapshots;

namespace BlazeGateway.Profiling.Collection;

/// <summary>Reads <see cref="MachineLimits"/> from Linux's <c>/proc</c>. What is absent or malformed is left null; nothing throws.</summary>
/// <param name="root">Folder that stands for <c>/</c>.</param>
public sealed class MachineLimitsReader(string root = "/")
{
    private readonly ProcFiles _files = new(root);

    /// <summary>Reads the limits as they are now. Costs about ten small file reads.</summary>
    public MachineLimits Read()
    {
        var (soft, hard) = OpenFiles();
        var groups = ControlGroups.Read(_files);
        return new MachineLimits
        {
            OpenFiles = soft,
            OpenFilesHard = hard,
            MemoryBytes = groups.MemoryBytes,
            Processors = groups.Processors,
            PhysicalMemoryBytes = PhysicalMemory(),
            ProcessorCount = Environment.ProcessorCount,
            IsContainer = IsContainer(),
        };
    }

    private (long? Soft, long? Hard) OpenFiles()
    {
        const string Name = "Max open files";
        foreach (var line in _files.Lines("proc/self/limits"))
        {
            if (line.StartsWith(Name, StringComparison.Ordinal))
            {
                var fields = line[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                return fields.Length >= 2 ? (ProcFiles.Number(fields[0]), ProcFiles.Number(fields[1])) : (null, null);
            }
        }

        return (null, null);
    }

    private long? PhysicalMemory()
    {
        foreach (var line in _files.Lines("proc/meminfo"))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields is ["MemTotal:", var kilobytes, ..])
            {
                return long.TryParse(kilobytes, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value * 1024 : null;
            }
        }

        return null;
    }

    private bool IsContainer() =>
        _files.Exists(".dockerenv")
        || _files.Exists("run/.containerenv")
        || _files.Exists("var/run/secrets/kubernetes.io/serviceaccount/token")
        || _files.Lines("proc/1/cgroup").Any(line =>
            line.Contains("docker", StringComparison.Ordinal) || line.Contains("kubepods", StringComparison.Ordinal) || line.Contains("containerd", StringComparison.Ordinal));
}
