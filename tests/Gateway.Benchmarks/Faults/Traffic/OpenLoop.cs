using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Faults.Traffic;

/// <summary>Requests that come at equal gaps, whatever becomes of those before.</summary>
internal sealed record Arrivals
{
    /// <summary>Requests a second.</summary>
    public required double Rate { get; init; }

    /// <summary>How many.</summary>
    public required int Count { get; init; }

    /// <summary>Share of them that ask for a stream, drawn by <see cref="Seed"/>. Default: a half.</summary>
    public double StreamShare { get; init; } = 0.5;

    /// <summary>Fixes prompts and which requests are streams.</summary>
    public required int Seed { get; init; }

    /// <summary>Seconds from the first request to the end of the last gap.</summary>
    public double Seconds => Count / Rate;
}

/// <summary>A load under way: what it was started at, and its answers once all have ended.</summary>
/// <param name="start">Timestamp of its first request.</param>
/// <param name="answers">Its answers, in the order of the requests.</param>
/// <param name="time">The clock.</param>
internal sealed class OpenLoop(long start, Task<IReadOnlyList<Answer>> answers, TimeProvider time)
{
    private const int PromptBytes = 128;
    private const int AnswerTokens = 16;

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
            return await Task.WhenAll(Send(client, url, model, arrivals, start, time, cancellation));
        }
    }

    private static List<Task<Answer>> Send(AnswerClient client, Uri url, string model, Arrivals arrivals, long start, TimeProvider time, CancellationToken cancellation)
    {
        byte[][] Bytes(bool isStream) => RequestEncoder.Encode(
            new RequestOptions { Url = url, Model = model, Stream = isStream, PromptBytes = PromptBytes, MaxTokens = AnswerTokens }, arrivals.Seed);
        var (plain, streams) = (Bytes(isStream: false), Bytes(isStream: true));
        var random = new Random(arrivals.Seed);
        var pacer = new Pacer(time);
        var sent = new List<Task<Answer>>(arrivals.Count);
        for (var index = 0; index < arrivals.Count && !cancellation.IsCancellationRequested; index++)
        {
            var at = index / arrivals.Rate;
            var due = start + (long)(at * time.TimestampFrequency);
            while (time.GetTimestamp() < due)
            {
                pacer.WaitUntil(due);
            }

            var isStream = random.NextDouble() < arrivals.StreamShare;
            var request = isStream ? streams[index % streams.Length] : plain[index % plain.Length];
            sent.Add(Task.Run(() => client.SendAsync(request, isStream, at, due, cancellation), cancellation));
        }

        return sent;
    }
}
