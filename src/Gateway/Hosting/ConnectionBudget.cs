namespace BlazeGateway.Hosting;

/// <summary>
/// Derives how many client connections may be open from the file descriptors the process may have. One proxied connection needs up to
/// three (client, destination, one in reserve); a part stays free for files, probes and the admin listener.
/// Without a budget a process that runs out of descriptors ends.
/// </summary>
internal static class ConnectionBudget
{
    private const long LargestUseful = 1_000_000;

    /// <summary>min(<paramref name="configured"/>, max(16, (<paramref name="openFiles"/> − min(512, openFiles / 2)) / 3)).</summary>
    /// <param name="configured">Limit from configuration, null for none.</param>
    /// <param name="openFiles">Soft limit of open files, null when the system has none.</param>
    public static int Derive(long? configured, long? openFiles)
    {
        var derived = openFiles is { } files ? Math.Max(16, (files - Math.Min(512, files / 2)) / 3) : LargestUseful;
        return (int)Math.Min(Math.Min(configured ?? long.MaxValue, derived), LargestUseful);
    }
}
