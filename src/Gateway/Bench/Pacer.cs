using System.Runtime.InteropServices;

namespace BlazeGateway.Bench;

/// <summary>Lets one thread wait for points in time to within tens of microseconds, or until it is woken.</summary>
internal sealed class Pacer(TimeProvider time)
{
    private const int SetTimerSlack = 29;
    private static readonly TimeSpan Coarse = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Fine = TimeSpan.FromMicroseconds(20);
    private readonly object _gate = new();
    private bool _isWoken;
    private bool _slackIsSet;

    /// <summary>Ends a coarse wait early; callable from any thread.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _isWoken = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Returns at <paramref name="timestamp"/>, or before when woken: the caller looks at its clock again.</summary>
    public void WaitUntil(long timestamp)
    {
        var left = time.GetElapsedTime(time.GetTimestamp(), timestamp);
        if (left > Coarse)
        {
            WaitCoarsely(left - TimeSpan.FromMilliseconds(1));
            return;
        }

        if (OperatingSystem.IsLinux() && left > Fine)
        {
            SleepExactly(left - Fine);
        }

        while (time.GetTimestamp() < timestamp)
        {
            Thread.SpinWait(20);
        }
    }

    private void WaitCoarsely(TimeSpan duration)
    {
        lock (_gate)
        {
            if (!_isWoken)
            {
                Monitor.Wait(_gate, duration);
            }

            _isWoken = false;
        }
    }

    private void SleepExactly(TimeSpan duration)
    {
        if (!_slackIsSet)
        {
            // The kernel may otherwise end a sleep of this thread 50 µs late.
            _ = Prctl(SetTimerSlack, 1, 0, 0, 0);
            _slackIsSet = true;
        }

        var request = new Timespec { Nanoseconds = (nint)(duration.Ticks * TimeSpan.NanosecondsPerTick) };
        _ = NanoSleep(in request, IntPtr.Zero);
    }

    [DllImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [DllImport("libc", EntryPoint = "nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NanoSleep(in Timespec request, IntPtr remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
