using System.Globalization;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>How busy all cores of the machine were since this object was made, whoever used them (Linux).</summary>
internal sealed class MachineLoad
{
    private readonly (long Busy, long All) _start = Read();

    /// <summary>Share of all cores' time that was not idle, 0 to 1; 0 where the system does not tell.</summary>
    public double Share
    {
        get
        {
            var (busy, all) = Read();
            return all == _start.All ? 0 : (double)(busy - _start.Busy) / (all - _start.All);
        }
    }

    private static (long Busy, long All) Read()
    {
        const string Path = "/proc/stat";
        if (!File.Exists(Path))
        {
            return default;
        }

        // user, nice, system, idle, iowait, irq, softirq, steal; guests' time is part of the first two.
        long[] ticks = [.. File.ReadLines(Path).First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        var all = ticks.Sum();
        return (all - ticks[3] - ticks[4], all);
    }
}
