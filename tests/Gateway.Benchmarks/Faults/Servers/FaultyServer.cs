using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Faults.Servers;

/// <summary>A <c>blaze model-server</c> at one address, which may be killed, stopped, broken and started again.</summary>
internal sealed class FaultyServer(int index, string blaze, HttpClient client, TimeProvider time) : IAsyncDisposable
{
    // Three servers share few cores with all else: each gets by with one thread for its sockets, a small heap, and no spinning.
    private static readonly ImmutableDictionary<string, string> Lean = ImmutableDictionary.CreateRange<string, string>(
    [
        new("DOTNET_gcServer", "0"),
        new("DOTNET_gcConcurrent", "0"),
        new("DOTNET_PROCESSOR_COUNT", "1"),
        new("DOTNET_ThreadPool_UnfairSemaphoreSpinLimit", "0"),
    ]);

    private ServerProcess? _process;
    private bool _isStopped;
    private long _before;

    /// <summary>Its name, here and as a destination.</summary>
    public string Name { get; } = $"d{index}";

    /// <summary>Where it listens, whenever it does.</summary>
    public Uri Address { get; } = Lab.Address(Lab.FreePort());

    /// <summary>Whether it was killed since the last reset.</summary>
    public bool WasKilled { get; private set; }

    /// <summary>Starts it if it does not run, and returns the moment it was known to listen.</summary>
    /// <exception cref="InvalidOperationException">It did not serve within 20 s.</exception>
    public async Task<DateTimeOffset> StartAsync(CancellationToken cancellation)
    {
        if (_process is null)
        {
            var (file, arguments) = Lab.Program(
                blaze, "model-server", "--port", Address.Port.ToString(CultureInfo.InvariantCulture), "--name", Name, "--kind", "vllm", "--model", FaultFleet.Model,
                "--seed", (index + 1).ToString(CultureInfo.InvariantCulture), "--prefill-rate", "100000", "--decode-rate", "400", "--batch-cost", "0");
            var plan = new ServerPlan { FileName = file, Arguments = arguments, Url = Address, Announcement = "READY ", Environment = Lean };
            _process = await ServerProcess.StartAsync(plan, client, time, cancellation);
        }

        return time.GetUtcNow();
    }

    /// <summary>Ends it as <c>kill -9</c> does and returns the moment of it.</summary>
    public async Task<DateTimeOffset> KillAsync(CancellationToken cancellation)
    {
        var process = _process ?? throw new InvalidOperationException($"The model server {Name} does not run.");
        _before = await AttemptsAsync(cancellation);
        var at = time.GetUtcNow();
        _process = null;
        WasKilled = true;
        await process.KillAsync(cancellation);
        await process.DisposeAsync();
        return at;
    }

    /// <summary>Stops it in its tracks: it keeps its connections and does nothing.</summary>
    public void Stop()
    {
        _process?.Signal("STOP");
        _isStopped = true;
    }

    /// <summary>Lets it go on.</summary>
    public void Continue()
    {
        if (_isStopped)
        {
            _process?.Signal("CONT");
            _isStopped = false;
        }
    }

    /// <summary>Breaks it as a fault plan says; an empty one heals it.</summary>
    public async Task SetFaultAsync(string plan, CancellationToken cancellation)
    {
        using var content = new StringContent(plan, Encoding.UTF8);
        using var answer = await client.PostAsync(new Uri(Address, "/__sim/fault"), content, cancellation);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Counts from 0 again.</summary>
    public async Task ResetAsync(CancellationToken cancellation)
    {
        _before = 0;
        WasKilled = false;
        using var answer = await client.PostAsync(new Uri(Address, "/__sim/reset"), null, cancellation);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Chat requests that reached it since the last reset, before and after it was killed: those it answered and those a fault struck. Questions for its health and its models are not among them.</summary>
    public async Task<long> AttemptsAsync(CancellationToken cancellation)
    {
        if (_process is null)
        {
            return _before;
        }

        using var stats = JsonDocument.Parse(await client.GetByteArrayAsync(new Uri(Address, "/__sim/stats"), cancellation));
        return _before + stats.RootElement.GetProperty("answered").GetInt64() + stats.RootElement.GetProperty("faulted").GetInt64();
    }

    public async ValueTask DisposeAsync()
    {
        Continue();
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }
    }
}
