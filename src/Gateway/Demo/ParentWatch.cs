using System.Runtime.InteropServices;

namespace BlazeGateway.Demo;

/// <summary>
/// Ends a child process with its parent and not before, even when the parent is killed: on Linux the kernel sends a signal, everywhere the child sees its
/// standard input close. What a terminal sends to all its processes does not reach the child.
/// </summary>
internal static class ParentWatch
{
    private const int SetParentDeathSignal = 1;
    private const int Kill = 9;

    /// <summary>Begins to watch. False: the parent is gone already.</summary>
    /// <param name="parent">Process id of the parent.</param>
    /// <param name="input">Standard input, whose other end the parent holds.</param>
    /// <param name="stop">Cancelled when the parent is gone.</param>
    public static bool Begin(int parent, Stream input, CancellationTokenSource stop)
    {
        if (!OperatingSystem.IsWindows())
        {
            // Ctrl+C in a terminal reaches the whole group of the parent. The parent alone decides when its children end: after its last request.
            _ = SetGroup(0, 0);
        }

        if (OperatingSystem.IsLinux())
        {
            // The order matters: a parent that died before the first call is found by the second.
            _ = Prctl(SetParentDeathSignal, Kill, 0, 0, 0);
            if (GetParent() != parent)
            {
                return false;
            }
        }

        _ = WaitForCloseAsync(input, stop);
        return true;
    }

    private static async Task WaitForCloseAsync(Stream input, CancellationTokenSource stop)
    {
        var buffer = new byte[64];
        try
        {
            while (await input.ReadAsync(buffer, stop.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // A broken pipe says the same as a closed one.
        }

        try
        {
            await stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The command ended first.
        }
    }

    [DllImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [DllImport("libc", EntryPoint = "setpgid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetGroup(int process, int group);

    [DllImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetParent();
}
