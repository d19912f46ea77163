using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>Model servers before which proxies are compared, each a process on a port of the system's choice; they end with this object.</summary>
internal sealed class RealFleet : IAsyncDisposable
{
    /// <summary>The model all of them serve.</summary>
    public const string Model = "demo-small";

    // Many servers share few cores: each gets by with one thread for its sockets, a small heap, and no spinning.
    private static readonly ImmutableDictionary<string, string> Lean = ImmutableDictionary.CreateRange<string, string>(
    [
        new("DOTNET_gcServer", "0"),
        new("DOTNET_gcConcurrent", "0"),
        new("DOTNET_PROCESSOR_COUNT", "1"),
        new("DOTNET_ThreadPool_UnfairSemaphoreSpinLimit", "0"),
    ]);

    private readonly IReadOnlyList<ServerProcess> _servers;
    private readonly HttpClient _client;
    private readonly TimeProvider _time;

    private RealFleet(IReadOnlyList<ServerProcess> servers, IReadOnlyList<double> speeds, string kind, HttpClient client, TimeProvider time)
    {
        _servers = servers;
        _client = client;
        _time = time;
        Speeds = speeds;
        Kind = kind;
        Addresses = [.. servers.Select(server => server.Url)];
    }

    /// <summary>Where the servers listen, in the order of the scenario.</summary>
    public IReadOnlyList<Uri> Addresses { get; }

    /// <summary>Their speeds.</summary>
    public IReadOnlyList<double> Speeds { get; }

    /// <summary>What kind of model server they are, as a cluster names it.</summary>
    public string Kind { get; }

    /// <summary>CPU time of all of them so far, seconds.</summary>
    public double CpuSeconds => _servers.Sum(server => server.CpuSeconds);

    /// <summary>Starts a <c>blaze model-server</c> for each speed and waits until all serve.</summary>
    /// <param name="scenario">What they are.</param>
    /// <param name="blaze">The gateway's program, <c>blaze</c> or <c>blaze.dll</c>.</param>
    /// <param name="client">Asks the servers for what they did.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidOperationException">A server ended or did not serve within 20 s.</exception>
    public static async Task<RealFleet> StartAsync(Scenario scenario, string blaze, HttpClient client, TimeProvider time, CancellationToken cancellation)
    {
        var starts = scenario.Speeds.Select((speed, index) => ServerProcess.StartAsync(Plan(scenario, speed, index, blaze), client, time, cancellation)).ToArray();
        try
        {
            return new RealFleet(await Task.WhenAll(starts), scenario.Speeds, "vllm", client, time);
        }
        catch
        {
            foreach (var start in starts.Where(start => start.IsCompletedSuccessfully))
            {
                await (await start).DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Starts other servers, one after the other, for a start may take all cores. They tell what they did as <c>blaze model-server</c> does.</summary>
    /// <param name="kind">What kind of model server they are.</param>
    /// <param name="servers">How to start each, and its speed.</param>
    /// <param name="client">Asks the servers for what they did.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidOperationException">A server ended or did not serve within 20 s.</exception>
    public static async Task<RealFleet> StartAsync(
        string kind, IReadOnlyList<(ServerPlan Plan, double Speed)> servers, HttpClient client, TimeProvider time, CancellationToken cancellation)
    {
        var started = new List<ServerProcess>();
        try
        {
            foreach (var (plan, _) in servers)
            {
                started.Add(await ServerProcess.StartAsync(plan, client, time, cancellation));
            }

            return new RealFleet(started, [.. servers.Select(server => server.Speed)], kind, client, time);
        }
        catch
        {
            await Task.WhenAll(started.Select(server => server.DisposeAsync().AsTask()));
            throw;
        }
    }

    /// <summary>Waits until no server has work, then empties all caches and counts.</summary>
    /// <exception cref="InvalidOperationException">A server still worked after 60 s.</exception>
    public async Task ResetAsync(CancellationToken cancellation)
    {
        foreach (var address in Addresses)
        {
            await WaitUntilIdleAsync(address, cancellation);
            using var answer = await _client.PostAsync(new Uri(address, "/__sim/reset"), null, cancellation);
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>What each server did since the last reset, in the order of the scenario.</summary>
    public async Task<IReadOnlyList<ServerReading>> ReadAsync(CancellationToken cancellation)
    {
        var readings = new List<ServerReading>();
        foreach (var address in Addresses)
        {
            using var stats = await StatsAsync(address, cancellation);
            long Count(string name) => stats.RootElement.GetProperty(name).GetInt64();
            readings.Add(new ServerReading(
                Count("answered"), stats.RootElement.GetProperty("busy_seconds").GetDouble(), Count("prefix_query_tokens"), Count("prefix_hit_tokens")));
        }

        return readings;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));

    private static ServerPlan Plan(Scenario scenario, double speed, int index, string blaze)
    {
        var engine = scenario.Engine;
        string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
        var (file, arguments) = Lab.Program(
            blaze, "model-server", "--port", "0", "--name", $"d{index}", "--kind", "vllm", "--model", Model,
            "--prefill-rate", Text(engine.PrefillRate * speed), "--decode-rate", Text(engine.DecodeRate * speed),
            "--max-running", Text(engine.MaxRunning), "--kv-blocks", Text(engine.KvBlocks),
            "--max-step-tokens", Text(engine.MaxStepTokens), "--batch-cost", Text(engine.BatchCost));
        return new ServerPlan { FileName = file, Arguments = arguments, Url = Lab.Address(0), Announcement = "READY ", Environment = Lean };
    }

    private async Task WaitUntilIdleAsync(Uri address, CancellationToken cancellation)
    {
        const int Looks = 1200;
        for (var look = 0; look < Looks; look++)
        {
            using var stats = await StatsAsync(address, cancellation);
            if (stats.RootElement.GetProperty("running").GetInt32() + stats.RootElement.GetProperty("waiting").GetInt32() == 0)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellation);
        }

        throw new InvalidOperationException($"The model server {address} still works after 60 s without a client.");
    }

    private async Task<JsonDocument> StatsAsync(Uri address, CancellationToken cancellation) =>
        JsonDocument.Parse(await _client.GetByteArrayAsync(new Uri(address, "/__sim/stats"), cancellation));
}
