namespace BlazeGateway.CommandLine.Doctor;

/// <summary>Whether the wall clock shows a plausible year and runs as fast as the monotonic one.</summary>
internal static class ClockCheck
{
    private const int FirstYear = 2025;
    private const int LastYear = 2100;
    private static readonly TimeSpan Watch = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(50);

    /// <summary>Watches <paramref name="wall"/> for a moment of <paramref name="steady"/>.</summary>
    public static async Task<Finding> RunAsync(TimeProvider wall, TimeProvider steady, CancellationToken cancellationToken)
    {
        var year = wall.GetUtcNow().Year;
        if (year is < FirstYear or > LastYear)
        {
            return new Finding(Verdict.Fail, "clock", $"the year is {year}", "set the clock; certificates and tokens are judged by it");
        }

        var before = wall.GetUtcNow();
        var started = steady.GetTimestamp();
        await Task.Delay(Watch, steady, cancellationToken);
        var drift = wall.GetUtcNow() - before - steady.GetElapsedTime(started);
        return drift.Duration() > Tolerance
            ? new Finding(Verdict.Warn, "clock", $"the clock jumped by {drift.TotalMilliseconds:0} ms while it was watched", "let NTP slew it instead of stepping")
            : new Finding(Verdict.Ok, "clock", $"{before:yyyy-MM-dd HH:mm:ss} UTC, steady");
    }
}
