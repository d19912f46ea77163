using System.Globalization;

namespace BlazeGateway.Bench;

/// <summary>
/// How the clients being played repeat a request, as the official OpenAI client libraries do: 408, 409, 429, 5xx and connection failures;
/// wait 0.5 s doubling to 8 s, less up to a quarter of it at random, or what <c>Retry-After</c> asks when that is at most 60 s.
/// </summary>
internal static class RetrySchedule
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan MostObeyed = TimeSpan.FromSeconds(60);

    public static bool IsRetryable(LoadOutcome outcome, int status) => outcome switch
    {
        LoadOutcome.ConnectFailed or LoadOutcome.ClosedBeforeHead => true,
        LoadOutcome.HttpError => status is 408 or 409 or 429 or >= 500,
        _ => false,
    };

    /// <param name="attempt">Attempts made so far, 1 or more.</param>
    /// <param name="retryAfter">The header's value: seconds or a date.</param>
    /// <param name="now">Wall-clock time, for dates.</param>
    /// <param name="chance">Uniform in [0, 1).</param>
    public static TimeSpan Delay(int attempt, string? retryAfter, DateTimeOffset now, double chance)
    {
        if (Parse(retryAfter, now) is { } asked && asked > TimeSpan.Zero && asked <= MostObeyed)
        {
            return asked;
        }

        var backoff = TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << Math.Min(attempt - 1, 10)));
        return backoff * (1 - (0.25 * chance));
    }

    private static TimeSpan? Parse(string? retryAfter, DateTimeOffset now)
    {
        if (double.TryParse(retryAfter, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 1e6)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        return DateTimeOffset.TryParseExact(retryAfter, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? date - now
            : null;
    }
}
