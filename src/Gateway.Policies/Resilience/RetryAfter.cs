using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;

namespace BlazeGateway.Policies.Resilience;

/// <summary>How long a destination that limits its rate wants to be left alone, read off its answer.</summary>
internal static class RetryAfter
{
    /// <summary>Shortest time, and the one of an answer that tells none.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>Longest time.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private const string Milliseconds = "retry-after-ms";
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");
    private static readonly string[] Kinds = ["requests", "tokens"];

    /// <summary>The time told, within <see cref="Shortest"/> and <see cref="Longest"/>.</summary>
    /// <param name="headers">Headers of the answer.</param>
    /// <param name="now">Wall time, for a date in an answer that does not tell its own.</param>
    public static TimeSpan Of(HttpResponseHeaders headers, DateTimeOffset now)
    {
        var told = Read(headers, now) ?? Shortest;
        return told < Shortest ? Shortest : told > Longest ? Longest : told;
    }

    /// <summary>Seconds to tell a client, rounded up, 1 to 3600.</summary>
    public static int Seconds(TimeSpan left) => (int)Math.Clamp(Math.Ceiling(left.TotalSeconds), 1, 3600);

    private static TimeSpan? Read(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (Text(headers, Milliseconds) is { } exact && TryNumber(exact, out var milliseconds))
        {
            return Span(milliseconds / 1000);
        }

        if (Text(headers, "Retry-After") is { } text)
        {
            if (TryNumber(text, out var seconds))
            {
                return Span(seconds);
            }

            // Relative to the sender's own clock where it tells it: clocks of two machines differ.
            if (DateTimeOffset.TryParseExact(text, "r", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at))
            {
                return at - (headers.Date ?? now);
            }
        }

        TimeSpan? longest = null;
        foreach (var kind in Kinds)
        {
            if (Text(headers, $"x-ratelimit-remaining-{kind}") is "0" && TryDuration(Text(headers, $"x-ratelimit-reset-{kind}"), out var reset) && reset > (longest ?? TimeSpan.Zero))
            {
                longest = reset;
            }
        }

        return longest;
    }

    private static string? Text(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString().Trim() : null;

    private static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static TimeSpan Span(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 1e6));

    /// <summary>Durations as OpenAI writes them: <c>6m0s</c>, <c>1.5s</c>, <c>20ms</c>.</summary>
    private static bool TryDuration(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        var seconds = 0.0;
        duration = default;
        if (text.IsEmpty)
        {
            return false;
        }

        while (!text.IsEmpty)
        {
            var digits = text.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !TryNumber(text[..digits].ToString(), out var number))
            {
                return false;
            }

            text = text[digits..];
            var letters = text.IndexOfAny(Digits);
            var unit = letters < 0 ? text : text[..letters];
            var factor = unit switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, _ => double.NaN };
            seconds += number * factor;
            text = text[unit.Length..];
        }

        duration = double.IsFinite(seconds) ? Span(seconds) : default;
        return double.IsFinite(seconds);
    }
}
