namespace BlazeGateway.Hosting;

/// <summary>
/// How many connections may be open, derived from the file descriptors the process may have; one that runs out of them ends. What is not kept back
/// for the process, the admin listener and accidents is for clients by a third and for destinations by a half, since a client connection of HTTP/2
/// may need many to destinations.
/// </summary>
/// <param name="Clients">Connections of clients.</param>
/// <param name="Destinations">Connections to destinations.</param>
internal sealed record ConnectionBudget(int Clients, int Destinations)
{
    private const int LargestUseful = 1_000_000;
    private const int FewestClients = 16;
    private const int KeptBack = 512;

    /// <summary>Held by the process itself: two for each assembly, of which 116 were counted, some twenty for logs, timers and pipes, and room for more.</summary>
    private const int Own = 288;

    /// <summary>
    /// Clients: min(<paramref name="configured"/>, r / 3), destinations: r / 2, where r is what <paramref name="openFiles"/> leaves beside
    /// max(min(512, half of it), 288 + <paramref name="admin"/>).
    /// </summary>
    /// <param name="configured">Limit of client connections from configuration, null for none.</param>
    /// <param name="openFiles">Soft limit of open files, null when the system has none.</param>
    /// <param name="admin">Connections of the admin listener.</param>
    /// <exception cref="TooFewFilesException">Not even 16 clients would fit.</exception>
    public static ConnectionBudget Derive(long? configured, long? openFiles, int admin)
    {
        if (openFiles is not { } files)
        {
            return new ConnectionBudget((int)Math.Min(configured ?? LargestUseful, LargestUseful), LargestUseful);
        }

        var rest = files - Math.Max(Math.Min(KeptBack, files / 2), Own + admin);
        if (rest < FewestClients * 3)
        {
            throw new TooFewFilesException(
                $"This process may open {files} files, and needs {Own + admin + (FewestClients * 3)}: {Own} of its own, {admin} for Admin:MaxConnections, and 3 for each of "
                + $"{FewestClients} clients. Raise the limit before the start (ulimit -n 65536, LimitNOFILE=65536 in systemd, ulimits in Docker).");
        }

        return new ConnectionBudget(
            (int)Math.Min(Math.Min(configured ?? LargestUseful, rest / 3), LargestUseful), (int)Math.Min(rest / 2, LargestUseful));
    }
}
