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

    private FaultFleet(FaultyServer[] servers, TimeProvider time)
    {
        _servers = servers;
        _time = time;
    }

    /// <summary>Where they listen.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _servers.Select(server => server.Address)];

    /// <summary>The servers.</summary>
    public IReadOnlyList<FaultyServer> Servers => _servers;

    /// <summary>Starts them.</summary>
    public static async Task<FaultFleet> StartAsync(string blaze, HttpClient client, TimeProvider time, CancellationToken cancellation)
    {
        var fleet = new FaultFleet([.. Enumerable.Range(0, 3).Select(index => new FaultyServer(index, blaze, client, time))], time);
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
            await OpenLoop.Start(server.Address, Model, new Arrivals { Rate = 100, Count = 50, Seed = 1 }, _time, cancellation).Answers;
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

    public async ValueTask DisposeAsync() => await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));
}
