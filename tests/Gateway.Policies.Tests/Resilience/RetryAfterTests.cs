using BlazeGateway.Policies.Resilience;

namespace BlazeGateway.Policies.Tests.Resilience;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Retry-After: 5", 5)]
    [InlineData("Retry-After: 0", 1)]
    [InlineData("Retry-After: 1", 1)]
    [InlineData("Retry-After: 1.5", 1.5)]
    [InlineData("Retry-After: 60", 60)]
    [InlineData("Retry-After: 61", 60)]
    [InlineData("Retry-After: 99999999999999999999", 60)]
    [InlineData("Retry-After: -3", 1)]
    [InlineData("Retry-After: soon", 1)]
    [InlineData("Retry-After: Sat, 28 Nov 2026 12:00:10 GMT", 10)]
    [InlineData("Retry-After: Sat, 28 Nov 2026 11:00:00 GMT", 1)]
    [InlineData("Retry-After: Sat, 28 Nov 2026 15:00:20 GMT\nDate: Sat, 28 Nov 2026 15:00:00 GMT", 20)]
    [InlineData("retry-after-ms: 2500\nRetry-After: 9", 2.5)]
    [InlineData("retry-after-ms: no\nRetry-After: 9", 9)]
    [InlineData("x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 12s", 12)]
    [InlineData("x-ratelimit-remaining-requests: 1\nx-ratelimit-reset-requests: 12s", 1)]
    [InlineData("x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 1m0s", 60)]
    [InlineData("x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 3s500ms", 3.5)]
    [InlineData("x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 3 s", 1)]
    [InlineData("x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: ", 1)]
    [InlineData("x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 2s\nx-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 8s", 8)]
    [InlineData("Server: vllm", 1)]
    public void The_time_told_is_read_within_its_bounds(string headers, double seconds)
    {
        using var answer = new HttpResponseMessage();
        foreach (var header in headers.Split('\n'))
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            answer.Headers.TryAddWithoutValidation(header[..colon], header[(colon + 1)..]);
        }

        Assert.Equal(seconds, RetryAfter.Of(answer.Headers, Now).TotalSeconds, 3);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.2, 1)]
    [InlineData(1.001, 2)]
    [InlineData(3600, 3600)]
    [InlineData(4000, 3600)]
    public void Clients_are_told_whole_seconds(double left, int seconds) => Assert.Equal(seconds, RetryAfter.Seconds(TimeSpan.FromSeconds(left)));
}
