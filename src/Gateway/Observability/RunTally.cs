using BlazeGateway.Policies.Pipeline;
using HdrHistogram;

namespace BlazeGateway.Observability;

/// <summary>
/// Counts what a whole run did, for the summary at its end: metrics forget routes that leave the configuration. Every finished request passes here
/// on its way to the access log; nothing is allocated or locked.
/// </summary>
internal sealed class RunTally(IAccessLog log, TimeProvider time) : IAccessLog, IDisposable
{
    private const long LongestMicroseconds = 3_600_000_000;
    private const int Digits = 2;
    private readonly long[] _outcomes = new long[Enum.GetValues<Outcome>().Length];
    private readonly IntConcurrentHistogram _firstToken = new(1, LongestMicroseconds, Digits);
    private readonly double _microsecondsPerTick = 1e6 / time.TimestampFrequency;
    private readonly long _started = time.GetTimestamp();
    private long _attempts;
    private long _tokensIn;
    private long _tokensOut;

    /// <summary>Time since the start.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    /// <summary>Requests that ended.</summary>
    public long Requests => Enum.GetValues<Outcome>().Sum(Ended);

    /// <summary>Attempts on destinations.</summary>
    public long Attempts => Volatile.Read(ref _attempts);

    /// <summary>Prompt tokens by the destinations' count.</summary>
    public long TokensIn => Volatile.Read(ref _tokensIn);

    /// <summary>Generated tokens.</summary>
    public long TokensOut => Volatile.Read(ref _tokensOut);

    /// <summary>Streams that ended well and had content.</summary>
    public long Streams => _firstToken.TotalCount;

    /// <summary>Requests that ended so.</summary>
    public long Ended(Outcome outcome) => Volatile.Read(ref _outcomes[(int)outcome]);

    /// <summary>Time to the first token that <paramref name="percentile"/> percent of <see cref="Streams"/> did not exceed; within 1 %.</summary>
    public TimeSpan FirstToken(double percentile) => TimeSpan.FromMicroseconds(_firstToken.GetValueAtPercentile(percentile));

    /// <inheritdoc/>
    public void Write(in AccessRecord record)
    {
        Interlocked.Increment(ref _outcomes[(int)record.Outcome]);
        Add(ref _attempts, record.Attempts);
        Add(ref _tokensIn, record.TokensIn);
        Add(ref _tokensOut, record.TokensOut);
        if (record is { Stream: true, Outcome: Outcome.Ok, ToFirstContent: >= 0 })
        {
            _firstToken.RecordValue(Math.Clamp((long)(record.ToFirstContent * _microsecondsPerTick), 1, LongestMicroseconds));
        }

        log.Write(record);
    }

    /// <inheritdoc/>
    public void Dispose() => (log as IDisposable)?.Dispose();

    private static void Add(ref long sum, int count)
    {
        if (count > 0)
        {
            Interlocked.Add(ref sum, count);
        }
    }
}
