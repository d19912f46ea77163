using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Faults.Traffic;

/// <summary>
/// A load of clients that act as the official libraries do: each attempt is given up after 10 s, and up to three more follow one that failed, after what
/// <c>Retry-After</c> says or 0.5 s doubling to 8 s, less up to a quarter at random.
/// </summary>
/// <param name="start">Timestamp of its first request.</param>
/// <param name="time">The clock.</param>
internal sealed class RetryingLoad(long start, TimeProvider time)
{
    /// <summary>Seconds after which an attempt is given up.</summary>
    public const double Patience = 10;

    /// <summary>Attempts at one request.</summary>
    public const int MostAttempts = 4;

    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Its requests, once all have ended.</summary>
    public required Task<IReadOnlyList<LogicalRequest>> Requests { get; init; }

    /// <summary>Seconds since its first request.</summary>
    public double Now => time.GetElapsedTime(start).TotalSeconds;

    /// <summary>Returns at so many seconds from its first request.</summary>
    public Task ReachAsync(double seconds, CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromSeconds(Math.Max(0, seconds - Now)), time, cancellation);

    /// <summary>Nobody tries again any more: what is under way comes to its end, and who waits to try again gives up.</summary>
    public void StopRetrying() => _stop.TrySetResult();

    /// <summary>Starts to send <paramref name="arrivals"/> to <paramref name="url"/>.</summary>
    public static RetryingLoad Start(Uri url, string model, Arrivals arrivals, TimeProvider time, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        var begun = new TaskCompletionSource<RetryingLoad>(TaskCreationOptions.RunContinuationsAsynchronously);
        var load = new RetryingLoad(start, time)
        {
            Requests = Task.Factory.StartNew(Drive, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap(),
        };
        begun.SetResult(load);
        return load;

        async Task<IReadOnlyList<LogicalRequest>> Drive()
        {
            using var client = new AnswerClient(url, TimeSpan.FromSeconds(Patience), time);
            var mine = begun.Task.GetAwaiter().GetResult();
            return await Task.WhenAll(new RequestMix(url, model, arrivals).Send(
                start, time, one => mine.TryAsync(client, one, new Random(HashCode.Combine(arrivals.Seed, one.Index)), cancellation), cancellation));
        }
    }

    private async Task<LogicalRequest> TryAsync(AnswerClient client, DueRequest one, Random chance, CancellationToken cancellation)
    {
        var attempts = new List<Answer> { await client.SendAsync(one.Bytes, one.IsStream, one.At, one.Due, cancellation) };
        while (attempts.Count < MostAttempts && LogicalRequest.IsTriedAgain(attempts[^1]) && !_stop.Task.IsCompleted)
        {
            var wait = RetrySchedule.Delay(attempts.Count, attempts[^1].RetryAfter, time.GetUtcNow(), chance.NextDouble());
            await Task.WhenAny(Task.Delay(wait, time, cancellation), _stop.Task);
            if (_stop.Task.IsCompleted)
            {
                break;
            }

            var now = time.GetTimestamp();
            attempts.Add(await client.SendAsync(one.Bytes, one.IsStream, time.GetElapsedTime(start, now).TotalSeconds, now, cancellation));
        }

        return new LogicalRequest(one.Tokens, attempts);
    }
}
