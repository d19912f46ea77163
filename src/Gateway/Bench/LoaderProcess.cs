using System.Globalization;

namespace BlazeGateway.Bench;

/// <summary>Settings of the process a loader runs in.</summary>
internal static class LoaderProcess
{
    /// <summary>Runtime switch: socket completions run on the polling thread.</summary>
    public const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>Runtime switch: number of polling threads.</summary>
    public const string SocketThreads = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    /// <summary>Cores the loader can use at once.</summary>
    public static int Cores =>
        Environment.GetEnvironmentVariable(InlineCompletions) == "1"
        && int.TryParse(Environment.GetEnvironmentVariable(SocketThreads), NumberStyles.None, CultureInfo.InvariantCulture, out var threads)
            ? Math.Clamp(threads, 1, Environment.ProcessorCount)
            : Environment.ProcessorCount;

    /// <summary>CPU time of this process so far.</summary>
    public static TimeSpan CpuTime => Environment.CpuUsage.TotalTime;

    /// <summary>
    /// Makes this process a lean loader: one polling thread that does all the work. Must run before the first socket exists, because the
    /// runtime reads these switches once. Children inherit the variables: remove them where a child is not a loader.
    /// </summary>
    public static void Prepare()
    {
        Environment.SetEnvironmentVariable(InlineCompletions, "1");
        if (Environment.GetEnvironmentVariable(SocketThreads) is null)
        {
            Environment.SetEnvironmentVariable(SocketThreads, "1");
        }
    }
}
