namespace BlazeGateway.Policies.Resilience;

/// <summary>
/// Tells Polly, which asks for the time of day, a time that only goes forward: the day 0 of Unix and what has passed on the monotonic clock. A wall clock that
/// is set neither opens a circuit nor keeps one open.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class SteadyTime(TimeProvider time) : TimeProvider
{
    /// <inheritdoc />
    public override long TimestampFrequency => time.TimestampFrequency;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + time.GetElapsedTime(0);

    /// <inheritdoc />
    public override long GetTimestamp() => time.GetTimestamp();
}
