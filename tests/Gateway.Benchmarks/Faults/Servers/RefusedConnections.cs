using System.Globalization;

namespace BlazeGateway.Benchmarks.Faults.Servers;

/// <summary>
/// Connections refused on this machine so far, by the kernel's count (<c>AttemptFails</c> of TCP, Linux). A dead process counts nothing, so this is how attempts at one are
/// seen; probes of it, and whatever else runs on the machine, are among them.
/// </summary>
internal static class RefusedConnections
{
    private const string Path = "/proc/net/snmp";

    /// <summary>So many; 0 where the system does not tell.</summary>
    public static long Count
    {
        get
        {
            if (!File.Exists(Path))
            {
                return 0;
            }

            string[][] tcp = [.. File.ReadLines(Path).Where(line => line.StartsWith("Tcp:", StringComparison.Ordinal)).Select(line => line.Split(' '))];
            var column = Array.IndexOf(tcp[0], "AttemptFails");
            return column < 0 ? 0 : long.Parse(tcp[1][column], CultureInfo.InvariantCulture);
        }
    }
}
