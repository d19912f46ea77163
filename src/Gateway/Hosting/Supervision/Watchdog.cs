using BlazeGateway.Configuration.Options;
using Prometheus;

namespace BlazeGateway.Hosting.Supervision;

/// <summary>
/// Notices that the thread pool runs nothing any more. A thread of its own posts a work item twice a second and waits for it; while it comes in time nothing else happens.
/// </summary>
internal sealed partial class Watchdog : IDisposable
{
    /// <summary>Exit code that asks a supervisor to start the process again.</summary>
    public const int StuckExitCode = 70;

    /// <summary>Time between two work items.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly WatchdogOptions _options;
    private readonly Supervisor _supervisor;
    private readonly TimeProvider _time;
    private readonly WatchdogPorts _ports;
    private readonly ILogger<Watchdog> _log;
    private readonly ManualResetEventSlim _ended = new();
    private readonly AutoResetEvent _ran = new(initialState: false);
    private readonly Thread? _thread;
    private volatile string? _cause;

    public Watchdog(WatchdogOptions options, Supervisor supervisor, TimeProvider time, WatchdogPorts ports, ILogger<Watchdog> log)
    {
        (_options, _supervisor, _time, _ports, _log) = (options, supervisor, time, ports, log);
        if (options.Enabled || supervisor.Patience is not null)
        {
            _thread = new Thread(Watch) { IsBackground = true, Name = "blaze watchdog", Priority = ThreadPriority.AboveNormal };
        }
    }

    /// <summary>What is wrong; null when nothing is.</summary>
    public string? Cause => _cause;

    /// <summary>Begins.</summary>
    public void Start() => _thread?.Start();

    /// <summary>Adds the figure to <paramref name="registry"/>.</summary>
    public void Register(CollectorRegistry registry)
    {
        var stuck = Metrics.WithCustomRegistry(registry).CreateGauge("blaze_process_stuck", "1 while the thread pool runs nothing, told by the watchdog.");
        registry.AddBeforeCollectCallback(() => stuck.Set(_cause is null ? 0 : 1));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _ended.Set();
        _ran.Set();
        if (_thread is null || !_thread.IsAlive || _thread.Join(Period))
        {
            _ended.Dispose();
            _ran.Dispose();
        }
    }

    private void Watch()
    {
        var pause = _supervisor.Patience is { } wanted && wanted / 3 < Period ? wanted / 3 : Period;
        while (!_ended.Wait(pause))
        {
            var posted = _time.GetTimestamp();
            _ports.Post(Ran);
            if (!_ran.WaitOne(_options.StuckAfter - (pause < _options.StuckAfter ? pause : TimeSpan.Zero)))
            {
                Stuck(posted, pause);
                _ran.WaitOne();
                if (_ended.IsSet)
                {
                    return;
                }

                Recovered(posted);
            }

            if (_supervisor.Patience is not null)
            {
                _supervisor.IsAlive();
            }
        }
    }

    private void Ran()
    {
        try
        {
            _ran.Set();
        }
        catch (ObjectDisposedException)
        {
            // The pool came to it after the watchdog had ended; what is thrown here would end the process.
        }
    }

    private void Stuck(long posted, TimeSpan pause)
    {
        var cause = FormattableString.Invariant(
            $"the thread pool has run nothing for {(_time.GetElapsedTime(posted) + pause).TotalSeconds:0.0} s: {_ports.Threads()} threads, {_ports.Waiting()} work items wait");
        _cause = cause;
        Log.Stuck(_log, cause);
        _supervisor.Say("stuck: " + cause);
        if (_options.ExitWhenStuck)
        {
            _ports.Exit(StuckExitCode);
        }
    }

    private void Recovered(long posted)
    {
        _cause = null;
        Log.Recovered(_log, _time.GetElapsedTime(posted));
        _supervisor.Say("serving");
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Critical, "The process is stuck: {Cause}.")]
        public static partial void Stuck(ILogger logger, string cause);

        [LoggerMessage(2, LogLevel.Warning, "The thread pool runs again, after {Elapsed}.")]
        public static partial void Recovered(ILogger logger, TimeSpan elapsed);
    }
}
