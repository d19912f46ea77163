using System.Runtime.InteropServices;
using System.Text.Json;

namespace BlazeGateway.Benchmarks.Faults.Servers;

/// <summary>A state a destination came into.</summary>
/// <param name="Destination">Its id.</param>
/// <param name="State">The state.</param>
/// <param name="At">When, by the gateway's own clock, which is this machine's.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Transition(string Destination, string State, DateTimeOffset At);

/// <summary>
/// Asks the gateway's admin API for the states of its destinations every 20 ms. The API tells since when a state lasts, so what is seen late is still dated right; a state that
/// lasted less than 20 ms may be missed.
/// </summary>
internal sealed class AvailabilityWatch : IAsyncDisposable
{
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(20);
    private readonly Uri _report;
    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Transition> _seen = [];
    private readonly Task _watching;

    public AvailabilityWatch(Uri admin, HttpClient client, TimeProvider time)
    {
        _report = new Uri(admin, "/api/v1/performance/loadbalancer");
        _client = client;
        _time = time;
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Milliseconds from <paramref name="from"/> to the first state of that destination after it for which <paramref name="condition"/> holds; null if there was none.</summary>
    public double? Since(DateTimeOffset from, string destination, Predicate<string> condition)
    {
        lock (_gate)
        {
            var found = _seen.Where(one => one.Destination == destination && one.At >= from && condition(one.State)).OrderBy(one => one.At).ToArray();
            return found.Length == 0 ? null : (found[0].At - from).TotalMilliseconds;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Gap, _time);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Note(await _client.GetByteArrayAsync(_report, _stop.Token));
                await timer.WaitForNextTickAsync(_stop.Token);
            }
            catch (HttpRequestException)
            {
                // It ends.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Note(byte[] report)
    {
        using var json = JsonDocument.Parse(report);
        lock (_gate)
        {
            foreach (var destination in json.RootElement.GetProperty("clusters").EnumerateArray().SelectMany(cluster => cluster.GetProperty("destinations").EnumerateArray()))
            {
                _seen.Add(new Transition(
                    destination.GetProperty("destination").GetString()!, destination.GetProperty("state").GetString()!, destination.GetProperty("since").GetDateTimeOffset()));
            }
        }
    }
}
