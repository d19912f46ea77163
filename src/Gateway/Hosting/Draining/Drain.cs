using BlazeGateway.Configuration.Options;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Hosting.Draining;

/// <summary>
/// The way of a process to its end: tell that no new traffic is wanted and go on serving it, stop accepting, wait for what is in flight, end the rest.
/// The operators' listener answers until all of it is over.
/// </summary>
internal sealed partial class Drain(
    DrainOptions options, Listeners listeners, RequestContextPool requests, DeadlineSweep sweep, TimeProvider time, ILogger<Drain> log) : IDisposable
{
    /// <summary>How long a connection that was accepted last may take to send its first request, and one that was told to close may go on sending them.</summary>
    internal static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(1);

    /// <summary>How long ended streams may take to send their last bytes.</summary>
    internal static readonly TimeSpan LastBytes = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _noDelay = new();
    private readonly CancellationTokenSource _noTimeout = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _phase;
    private long _closedAt;

    /// <summary>How far it is.</summary>
    public DrainPhase Phase => (DrainPhase)Volatile.Read(ref _phase);

    /// <summary>Whether requests that come now are answered 503 <c>draining</c>.</summary>
    public bool Refuses => Phase >= DrainPhase.Cutting || (Phase == DrainPhase.Closing && time.GetElapsedTime(Volatile.Read(ref _closedAt)) > Courtesy);

    /// <summary>Ends when nothing is in flight any more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Begins, once.</summary>
    /// <param name="atOnce">Whether the time in which new traffic is still served is left out.</param>
    public void Begin(bool atOnce)
    {
        if (atOnce)
        {
            _noDelay.Cancel();
        }

        if (Interlocked.CompareExchange(ref _phase, (int)DrainPhase.Announced, (int)DrainPhase.Serving) == (int)DrainPhase.Serving)
        {
            _ = Task.Run(RunAsync);
        }
    }

    /// <summary>Waits for nothing any more.</summary>
    public void Hurry()
    {
        _noTimeout.Cancel();
        Begin(atOnce: true);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _noDelay.Dispose();
        _noTimeout.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            var began = time.GetTimestamp();
            Log.Announced(log, _noDelay.IsCancellationRequested ? TimeSpan.Zero : options.Delay, requests.InFlight, sweep.Streams);
            await Task.Delay(options.Delay, time, _noDelay.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await listeners.StopAcceptingAsync();
            var closed = time.GetTimestamp();
            Volatile.Write(ref _closedAt, closed);
            Volatile.Write(ref _phase, (int)DrainPhase.Closing);
            Log.Closing(log, requests.InFlight, sweep.Streams, _noTimeout.IsCancellationRequested ? TimeSpan.Zero : options.Timeout);
            var cut = 0;
            if (!await IsIdleAsync(options.Timeout, _noTimeout.Token))
            {
                Volatile.Write(ref _phase, (int)DrainPhase.Cutting);
                cut = requests.InFlight;
                Log.Cutting(log, cut, sweep.Streams, time.GetElapsedTime(closed));
                await CutAsync();
            }

            Log.Ended(log, time.GetElapsedTime(began), cut);
        }
        finally
        {
            Volatile.Write(ref _phase, (int)DrainPhase.Ended);
            _ended.TrySetResult();
        }
    }

    /// <summary>Closes what is idle and waits for the rest; false when it takes longer than it may.</summary>
    private async Task<bool> IsIdleAsync(TimeSpan patience, CancellationToken hurry)
    {
        var from = time.GetTimestamp();
        while (listeners.ProxyConnections.Close(Courtesy) > 0 || requests.InFlight > 0)
        {
            if (hurry.IsCancellationRequested || time.GetElapsedTime(from) >= patience)
            {
                return requests.InFlight == 0;
            }

            await Task.Delay(Look, time, hurry).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return true;
    }

    /// <summary>Ends what is in flight, again and again, for a request that was between two attempts; gives the last bytes a moment.</summary>
    private async Task CutAsync()
    {
        var from = time.GetTimestamp();
        do
        {
            sweep.ShutDown();
            await Task.Delay(Look, time);
        }
        while (requests.InFlight > 0 && time.GetElapsedTime(from) < LastBytes);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Stopping: /readyz answers 503, new requests are served for {Delay} more. In flight: {Requests}, of which streams: {Streams}.")]
        public static partial void Announced(ILogger logger, TimeSpan delay, int requests, int streams);

        [LoggerMessage(2, LogLevel.Information, "Nothing more is accepted. What is in flight has {Timeout}: {Requests}, of which streams: {Streams}.")]
        public static partial void Closing(ILogger logger, int requests, int streams, TimeSpan timeout);

        [LoggerMessage(3, LogLevel.Warning, "What still runs after {Waited} is ended now: {Requests}, of which streams: {Streams}.")]
        public static partial void Cutting(ILogger logger, int requests, int streams, TimeSpan waited);

        [LoggerMessage(4, LogLevel.Information, "Drained in {Elapsed}; ended before their time: {Cut}.")]
        public static partial void Ended(ILogger logger, TimeSpan elapsed, int cut);
    }
}
