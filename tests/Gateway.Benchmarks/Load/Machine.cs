using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>Where and with what figures were measured.</summary>
internal static class Machine
{
    public static IReadOnlyDictionary<string, string> Describe(DateTimeOffset now)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["at"] = now.ToString("u", CultureInfo.InvariantCulture),
            ["cpu"] = Cpu(),
            ["cores"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
            ["memoryMiB"] = (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20).ToString(CultureInfo.InvariantCulture),
            ["os"] = RuntimeInformation.OSDescription,
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["yarp"] = Version(typeof(Yarp.ReverseProxy.Configuration.RouteConfig)),
            ["gateway"] = Version(typeof(BlazeGateway.Bench.LoadEngine)),
        };
        Add(facts, "nginx", "-v");
        Add(facts, "haproxy", "-v");
        return facts;
    }

    private static string Version(Type type) => FileVersionInfo.GetVersionInfo(type.Assembly.Location).ProductVersion ?? "";

    private static string Cpu()
    {
        var line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..];
    }

    private static void Add(Dictionary<string, string> facts, string program, string argument)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(Lab.Find(program), [argument]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var text = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
            process.WaitForExit();
            facts[program] = text.Split('\n')[0];
        }
        catch (FileNotFoundException)
        {
            facts[program] = "not installed";
        }
    }
}
