using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Faults.Servers;

/// <summary>A <c>blaze model-server</c> at one address, which may be killed, stopped, broken and started again.</summary>
internal sealed class FaultyServer(int index, string blaze, EngineSize size, HttpClient client, TimeProvider time) : IAsyncDisposable
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
                blaze, ["model-server", "--port", Address.Port.ToString(CultureInfo.InvariantCulture), "--name", Name, "--kind", "vllm", "--model", FaultFleet.Model,
                "--seed", (index + 1).ToString(CultureInfo.InvariantCulture), .. size.Options]);
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

        using var stats = await StatsAsync(cancellation);
        return _before + Count(stats, "answered") + Count(stats, "faulted");
    }

    /// <summary>Tokens it generated since it was started or reset, and those of them that it knows to be for clients that had left.</summary>
    public async Task<GeneratedTokens> TokensAsync(CancellationToken cancellation)
    {
        using var stats = await StatsAsync(cancellation);
        return new GeneratedTokens(Count(stats, "generated_tokens"), Count(stats, "discarded_tokens"));
    }

    public async ValueTask DisposeAsync()
    {
        Continue();
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }
    }

    private async Task<JsonDocument> StatsAsync(CancellationToken cancellation) =>
        JsonDocument.Parse(await client.GetByteArrayAsync(new Uri(Address, "/__sim/stats"), cancellation));

    private static long Count(JsonDocument stats, string name) => stats.RootElement.GetProperty(name).GetInt64();
}

/// <summary>What model servers computed.</summary>
/// <param name="All">Tokens of answers.</param>
/// <param name="Discarded">Those of them whose client left before the answer was whole.</param>
internal sealed record GeneratedTokens(long All, long Discarded);
