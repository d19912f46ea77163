using System.Numerics;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Policies.Pipeline;
using Prometheus;

namespace BlazeGateway.Observability;

/// <summary>
/// One event per finished request, written by a thread of its own. The request's thread only copies the record into a ring;
/// the writer looks every 50 ms, so that no request pays for waking it.
/// </summary>
internal sealed class AccessLog : IAccessLog, IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);
    private readonly IAccessWriter _target;
    private readonly Counter.Child _dropped;
    private readonly RecordRing? _ring;
    private readonly Thread? _writer;
    private readonly ManualResetEventSlim _stop = new();
    private readonly ulong _sampleBelow;
    private uint _seen;

    /// <summary>Starts the writer, unless <paramref name="options"/> say that nothing is logged.</summary>
    public AccessLog(AccessLogOptions options, IAccessWriter target, CollectorRegistry registry)
    {
        _target = target;
        _dropped = Metrics.WithCustomRegistry(registry)
            .CreateCounter("blaze_access_log_dropped_total", "Finished requests not logged because the queue was full.", [], new CounterConfiguration { ExemplarBehavior = ExemplarBehavior.NoExemplars() })
            .WithLabels();
        _sampleBelow = (ulong)(Math.Clamp(options.SampleRatio, 0, 1) * (1UL << 32));
        if (options.Enabled)
        {
            _ring = new RecordRing((int)BitOperations.RoundUpToPowerOf2((uint)options.QueueLength));
            _writer = new Thread(Run) { IsBackground = true, Name = "Access log" };
            _writer.Start();
        }
    }

    /// <summary>Whether the writer's thread exists and has not ended.</summary>
    internal bool IsRunning => _writer is { IsAlive: true };

    /// <inheritdoc/>
    public void Write(in AccessRecord record)
    {
        if (_ring is null || (record.Outcome == Outcome.Ok && !IsSampled()))
        {
            return;
        }

        if (!_ring.TryEnqueue(record))
        {
            _dropped.Inc();
        }
    }

    /// <summary>Writes what is queued and ends the writer, waiting for it 5 seconds at most. Records that come later are lost.</summary>
    public void Dispose()
    {
        _stop.Set();
        if (_writer is null || _writer.Join(StopLimit))
        {
            _stop.Dispose();
        }
    }

    // Multiples of the golden ratio modulo 2^32 spread evenly, so any run of requests is sampled at the ratio without drawing a random number.
    private bool IsSampled() => _sampleBelow > uint.MaxValue || Interlocked.Increment(ref _seen) * 2654435769u < _sampleBelow;

    private void Run()
    {
        var stopping = false;
        while (!stopping)
        {
            stopping = _stop.Wait(Poll);
            while (_ring!.TryDequeue(out var record))
            {
                _target.Write(record);
            }

            _target.Flush();
        }
    }
}
