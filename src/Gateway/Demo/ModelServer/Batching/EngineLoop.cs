using System.Collections.Concurrent;

namespace BlazeGateway.Demo.ModelServer.Batching;

/// <summary>
/// Drives a <see cref="BatchEngine"/> in real or fake time: one loop for all sequences. Steps shorter than a timer tick are run together when
/// the timer fires, so rates hold; a process that was stopped does not catch up more than a second.
/// </summary>
internal sealed class EngineLoop : IAsyncDisposable
{
    private const long MaxCatchUp = 1_000_000_000;
    private readonly BatchEngine _engine;
    private readonly TimeProvider _time;
    private readonly ConcurrentQueue<Sequence> _arrivals = new();
    private readonly WakeSignal _work = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly long _origin;
    private readonly Task _loop;
    private readonly Func<double> _slowdown;
    private TaskCompletionSource? _reset;

    /// <param name="options">Speed and size.</param>
    /// <param name="time">The clock that paces the steps.</param>
    /// <param name="slowdown">Factor on the length of each step, asked for before it starts; 1 is normal speed.</param>
    public EngineLoop(EngineOptions options, TimeProvider time, Func<double> slowdown)
    {
        _slowdown = slowdown;
        _engine = new BatchEngine(options);
        _time = time;
        _origin = time.GetTimestamp();
        _loop = Task.Run(RunAsync);
    }

    public BatchEngine Engine => _engine;

    /// <summary>Sequences that wait, those not yet seen by the engine included.</summary>
    public int Waiting => _engine.Waiting + _arrivals.Count;

    public void Add(Sequence sequence)
    {
        sequence.Times.Arrived = Now();
        _arrivals.Enqueue(sequence);
        _work.Set();
    }

    /// <summary>Empties cache and totals between two steps; done when that happened.</summary>
    public Task ResetAsync()
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = Interlocked.CompareExchange(ref _reset, mine, null) ?? mine;
        _work.Set();
        return asked.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _work.Set();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var clock = 0L;
        while (!_stop.IsCancellationRequested)
        {
            if (Interlocked.Exchange(ref _reset, null) is { } reset)
            {
                _engine.Reset();
                reset.SetResult();
            }

            while (_arrivals.TryDequeue(out var sequence))
            {
                clock = _engine.HasWork ? clock : Math.Max(clock, sequence.Times.Arrived);
                _engine.Add(sequence);
            }

            if (!_engine.HasWork)
            {
                await _work.WaitAsync();
                continue;
            }

            var length = (long)(_engine.Plan(clock) * _slowdown());
            var end = clock + length;
            if (!await WaitUntilAsync(end))
            {
                return;
            }

            _engine.Complete(end);
            _engine.Totals.Steps++;
            _engine.Totals.BusyNanoseconds += length;
            clock = Math.Max(end, Now() - MaxCatchUp);
        }
    }

    private async ValueTask<bool> WaitUntilAsync(long end)
    {
        var wait = end - Now();
        if (wait <= 0)
        {
            return !_stop.IsCancellationRequested;
        }

        await Task.Delay(TimeSpan.FromMicroseconds((wait + 999) / 1000), _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !_stop.IsCancellationRequested;
    }

    private long Now() => _time.GetElapsedTime(_origin).Ticks * 100;
}
