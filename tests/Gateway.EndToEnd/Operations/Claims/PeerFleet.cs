using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Benchmarks.Load;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.EndToEnd.Operations.Claims;

/// <summary>Two quick model servers, one of which is said to be 20/7 times as fast, for all tests of a class.</summary>
public sealed class PeerFleet : IAsyncLifetime
{
    private static readonly Scenario s_scenario = new()
    {
        What = "Two quick servers.",
        Engine = new EngineOptions { PrefillRate = 1e6, DecodeRate = 1000 },
        Speeds = [1, 0.35],
        Workload = new WorkloadOptions(),
    };

    internal static string Blaze { get; } = Path.Combine(AppContext.BaseDirectory, "blaze.dll");

    internal HttpClient Client { get; } = new();

    internal RealFleet Fleet { get; private set; } = null!;

    internal Lab Lab { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Fleet = await RealFleet.StartAsync(s_scenario, Blaze, Client, TimeProvider.System, CancellationToken.None);
        Lab = new Lab(Fleet.Addresses[0], RealFleet.Model, Blaze);
    }

    public async ValueTask DisposeAsync()
    {
        Lab?.Dispose();
        await (Fleet?.DisposeAsync() ?? ValueTask.CompletedTask);
        Client.Dispose();
    }

    /// <summary>Sends the requests through a variant and returns how many each server answered.</summary>
    internal async Task<long[]> AskAsync(string variant, IReadOnlyList<WorkloadRequest> requests)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await Fleet.ResetAsync(cancellation);
        await using var process = await ServerProcess.StartAsync(FrontEnd.Parse(variant).Plan(Lab, Fleet.Addresses, Fleet.Speeds), Client, TimeProvider.System, cancellation);
        var result = await TimedClient.RunAsync(process.Url, requests, salt: 1, TimeSpan.FromSeconds(20), TimeProvider.System, cancellation);
        Assert.Equal((requests.Count, 0), (result.Ok, result.Failed));
        return [.. (await Fleet.ReadAsync(cancellation)).Select(server => server.Answers)];
    }
}
