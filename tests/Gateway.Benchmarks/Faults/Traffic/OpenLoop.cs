namespace BlazeGateway.Benchmarks.Faults.Traffic;

/// <summary>A load under way: what it was started at, and its answers once all have ended.</summary>
/// <param name="start">Timestamp of its first request.</param>
/// <param name="answers">Its answers, in the order of the requests.</param>
/// <param name="time">The clock.</param>
internal sealed class OpenLoop(long start, Task<IReadOnlyList<Answer>> answers, TimeProvider time)
{
    /// <summary>Seconds since its first request.</summary>
    public double Now => time.GetElapsedTime(start).TotalSeconds;

    /// <summary>Its answers, once all requests have ended.</summary>
    public Task<IReadOnlyList<Answer>> Answers => answers;

    /// <summary>Returns at so many seconds from its first request.</summary>
    public Task ReachAsync(double seconds, CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromSeconds(Math.Max(0, seconds - Now)), time, cancellation);

    /// <summary>Starts to send <paramref name="arrivals"/> to <paramref name="url"/>.</summary>
    public static OpenLoop Start(Uri url, string model, Arrivals arrivals, TimeProvider time, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        return new OpenLoop(start, Task.Factory.StartNew(Drive, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap(), time);

        async Task<IReadOnlyList<Answer>> Drive()
        {
            using var client = new AnswerClient(url, TimeSpan.FromSeconds(30), time);
            return await Task.WhenAll(new RequestMix(url, model, arrivals).Send(
                start, time, one => client.SendAsync(one.Bytes, one.IsStream, one.At, one.Due, cancellation), cancellation));
        }
    }
}
