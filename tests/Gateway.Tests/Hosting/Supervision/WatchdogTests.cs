using System.Collections.Concurrent;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Hosting.Supervision;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace BlazeGateway.Tests.Hosting.Supervision;

/// <summary>The pool's part is played by a queue that runs nothing while it is told so.</summary>
public sealed class WatchdogTests : IDisposable
{
    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(1);
    private readonly ConcurrentQueue<Action> _held = new();
    private readonly ILoggerFactory _loggers;
    private readonly LogLines _log = new();
    private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stands;

    public WatchdogTests() => _loggers = LoggerFactory.Create(logging => logging.AddProvider(new Provider(_log)));

    public void Dispose() => _loggers.Dispose();

    [Fact]
    public async Task A_pool_that_runs_nothing_is_noticed_and_so_is_its_recovery()
    {
        using var watchdog = Watch(new WatchdogOptions { StuckAfter = StuckAfter });
        var registry = Metrics.NewCustomRegistry();
        watchdog.Register(registry);
        watchdog.Start();
        await UntilAsync(() => _posted > 1);
        Assert.Null(watchdog.Cause);
        Assert.Contains("blaze_process_stuck 0", await TextAsync(registry), StringComparison.Ordinal);

        _stands = true;
        var from = TimeProvider.System.GetTimestamp();
        await UntilAsync(() => watchdog.Cause is not null);
        TestContext.Current.TestOutputHelper!.WriteLine($"noticed after {TimeProvider.System.GetElapsedTime(from).TotalMilliseconds:0} ms at a limit of {StuckAfter.TotalMilliseconds:0} ms");
        Assert.StartsWith("the thread pool has run nothing for 1.", watchdog.Cause, StringComparison.Ordinal);
        Assert.EndsWith("s: 7 threads, 42 work items wait", watchdog.Cause, StringComparison.Ordinal);
        Assert.Contains("blaze_process_stuck 1", await TextAsync(registry), StringComparison.Ordinal);
        Assert.False(_exit.Task.IsCompleted);

        _stands = false;
        Release();
        await UntilAsync(() => watchdog.Cause is null);
        await UntilAsync(() => _log.Lines.Count == 2);
        Assert.StartsWith("Critical: The process is stuck: the thread pool has run nothing", _log.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("Warning: The thread pool runs again", _log.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stuck_process_ends_itself_where_it_is_told_to()
    {
        using var watchdog = Watch(new WatchdogOptions { StuckAfter = StuckAfter, ExitWhenStuck = true });
        _stands = true;
        watchdog.Start();
        Assert.Equal(70, await _exit.Task.WaitAsync(TestContext.Current.CancellationToken));
        Release();
    }

    [Fact]
    public async Task What_the_pool_runs_after_the_end_throws_nothing()
    {
        using (var watchdog = Watch(new WatchdogOptions { StuckAfter = StuckAfter }))
        {
            _stands = true;
            watchdog.Start();
            await UntilAsync(() => !_held.IsEmpty);
        }

        _stands = false;
        Release();
    }

    [Fact]
    public void Off_it_has_no_thread()
    {
        using var watchdog = Watch(new WatchdogOptions { Enabled = false });
        watchdog.Start();
        Assert.Equal(0, _posted);
    }

    private int _posted;

    private Watchdog Watch(WatchdogOptions options) => new(
        options,
        new Supervisor(static _ => null, 1),
        TimeProvider.System,
        new WatchdogPorts { Post = Post, Threads = static () => 7, Waiting = static () => 42, Exit = code => _exit.TrySetResult(code) },
        _loggers.CreateLogger<Watchdog>());

    private void Post(Action work)
    {
        Interlocked.Increment(ref _posted);
        if (_stands)
        {
            _held.Enqueue(work);
        }
        else
        {
            work();
        }
    }

    private void Release()
    {
        while (_held.TryDequeue(out var work))
        {
            work();
        }
    }

    private static async Task<string> TextAsync(CollectorRegistry registry)
    {
        using var text = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(text, TestContext.Current.CancellationToken);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!condition())
        {
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    private sealed class Provider(ILogger log) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => log;

        public void Dispose()
        {
        }
    }
}
