using System.Collections.Concurrent;
using System.Text;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>Clients behind a load balancer that asks for readiness every 50 ms: they send to one gateway while it is ready, and then to the other.</summary>
internal sealed class ReadinessClients : IAsyncDisposable
{
    private const string Body = """{"model":"demo-small","max_tokens":2,"prompt":"Hello"}""";

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _unready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentBag<string> _failures = [];
    private readonly HttpClient _first;
    private readonly HttpClient _second;
    private readonly HttpClient _admin;
    private readonly Task _running;
    private int _asked;

    private ReadinessClients(Uri first, Uri second, Uri? watched, int perSecond)
    {
        _first = BlazeProcess.NewClient(first);
        _second = BlazeProcess.NewClient(second);
        _admin = BlazeProcess.NewClient(watched ?? first);
        _running = Task.WhenAll(watched is null ? Task.CompletedTask : WatchAsync(), SendAsync(TimeSpan.FromSeconds(1.0 / perSecond)));
    }

    public Task SawUnreadyAsync => _unready.Task;

    public static ReadinessClients Start(BlazeProcess first, BlazeProcess second, int perSecond) => new(first.Proxy, second.Proxy, first.Admin, perSecond);

    /// <summary>Clients that know one address only.</summary>
    public static ReadinessClients Start(Uri address, int perSecond) => new(address, address, null, perSecond);

    public Task<string> AdminAsync(string path) => _admin.GetStringAsync(path);

    public Task HaveAskedAsync(int more)
    {
        var from = Volatile.Read(ref _asked);
        return Health.Eventually.TrueAsync(() => Volatile.Read(ref _asked) >= from + more);
    }

    public async Task<(int Asked, IReadOnlyCollection<string> Failures)> StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        return (_asked, _failures);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _first.Dispose();
        _second.Dispose();
        _admin.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!_stop.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            using var answer = await _admin.GetAsync("/readyz");
            if (!answer.IsSuccessStatusCode)
            {
                _unready.TrySetResult();
                return;
            }
        }
    }

    /// <summary>As many requests as are due since the last tick, so that a busy machine delays them and leaves none out.</summary>
    private async Task SendAsync(TimeSpan gap)
    {
        var requests = new List<Task>();
        var began = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!_stop.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            while (requests.Count * gap < TimeProvider.System.GetElapsedTime(began))
            {
                requests.Add(AskAsync(_unready.Task.IsCompleted ? _second : _first));
            }
        }

        await Task.WhenAll(requests);
    }

    private async Task AskAsync(HttpClient client)
    {
        try
        {
            using var content = new StringContent(Body, Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync("/v1/completions", content);
            var text = await answer.Content.ReadAsStringAsync();
            if (!answer.IsSuccessStatusCode)
            {
                _failures.Add($"{(int)answer.StatusCode} {text}");
            }
        }
        catch (HttpRequestException exception)
        {
            _failures.Add(exception.ToString());
        }

        Interlocked.Increment(ref _asked);
    }
}
