using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Servers;

/// <summary>Three equal model servers, each a process.</summary>
internal sealed class FaultFleet : IAsyncDisposable
{
    /// <summary>The model all of them serve.</summary>
    public const string Model = "demo-small";

    private readonly FaultyServer[] _servers;
    private readonly TimeProvider _time;
    private long _refused;

    private FaultFleet(FaultyServer[] servers, EngineSize size, TimeProvider time)
    {
        _servers = servers;
        Size = size;
        _time = time;
    }

    /// <summary>How much each can do.</summary>
    public EngineSize Size { get; }

    /// <summary>Where they listen.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _servers.Select(server => server.Address)];

    /// <summary>The servers.</summary>
    public IReadOnlyList<FaultyServer> Servers => _servers;

    /// <summary>Starts them.</summary>
    public static async Task<FaultFleet> StartAsync(string blaze, EngineSize size, HttpClient client, TimeProvider time, CancellationToken cancellation)
    {
        var fleet = new FaultFleet([.. Enumerable.Range(0, 3).Select(index => new FaultyServer(index, blaze, size, client, time))], size, time);
        try
        {
            await fleet.HealAsync(cancellation);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets all go on, starts those that do not run, takes all faults away, and has each compile what it is to run.</summary>
    public async Task HealAsync(CancellationToken cancellation)
    {
        foreach (var server in _servers)
        {
            server.Continue();
            await server.StartAsync(cancellation);
            await server.SetFaultAsync("", cancellation);
            await OpenLoop.Start(server.Address, Model, new Arrivals { Rate = 100, Count = 50, Seed = 1, AnswerTokens = [Size.WarmTokens] }, _time, cancellation).Answers;
        }
    }

    /// <summary>Sets one fault plan for all.</summary>
    public async Task SetFaultAsync(string plan, CancellationToken cancellation)
    {
        foreach (var server in _servers)
        {
            await server.SetFaultAsync(plan, cancellation);
        }
    }

    /// <summary>Counts attempts from 0.</summary>
    public async Task ResetAsync(CancellationToken cancellation)
    {
        foreach (var server in _servers)
        {
            await server.ResetAsync(cancellation);
        }

        _refused = RefusedConnections.Count;
    }

    /// <summary>Attempts to get a request answered since the last reset: those the servers saw, and, if one was killed since, connections refused.</summary>
    public async Task<long> AttemptsAsync(CancellationToken cancellation)
    {
        var attempts = _servers.Any(server => server.WasKilled) ? RefusedConnections.Count - _refused : 0;
        foreach (var server in _servers)
        {
            attempts += await server.AttemptsAsync(cancellation);
        }

        return attempts;
    }

    /// <summary>Tokens of all since the last reset. None must have been killed since.</summary>
    public async Task<GeneratedTokens> TokensAsync(CancellationToken cancellation)
    {
        var each = await Task.WhenAll(_servers.Select(server => server.TokensAsync(cancellation)));
        return new GeneratedTokens(each.Sum(one => one.All), each.Sum(one => one.Discarded));
    }

    /// <summary>
    /// Tokens a second that the servers can generate: asked directly for <paramref name="seconds"/>, each by two clients more than it has slots, so that no slot is ever
    /// without a request. The first third does not count.
    /// </summary>
    public async Task<double> CapacityAsync(Func<Uri, RequestMix> mix, double seconds, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var clients = (Size.Slots ?? throw new InvalidOperationException("Servers without slots have no capacity to be measured.")) + 2;
        var loops = _servers.Select(server => ClosedLoop.RunAsync(server.Address, clients, mix(server.Address), _time, stop.Token)).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(seconds / 3), _time, cancellation);
        var (start, before) = (_time.GetTimestamp(), await TokensAsync(cancellation));
        await Task.Delay(TimeSpan.FromSeconds(seconds * 2 / 3), _time, cancellation);
        var capacity = ((await TokensAsync(cancellation)).All - before.All) / _time.GetElapsedTime(start).TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(loops);

        // What was under way is dropped at the next step, and must not count as what comes after.
        await Task.Delay(TimeSpan.FromSeconds(0.5), _time, cancellation);
        return capacity;
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));
}
