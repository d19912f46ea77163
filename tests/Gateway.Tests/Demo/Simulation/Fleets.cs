using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Tests.Demo.Simulation;

/// <summary>Servers and requests for tests.</summary>
internal static class Fleets
{
    public static readonly EngineOptions Engine = new() { PrefillRate = 4000, DecodeRate = 50, MaxRunning = 32, MaxStepTokens = 1024 };

    public static SimulationOptions Engines(string strategy, params double[] speeds) =>
        new() { Strategy = strategy, Servers = [.. speeds.Select(speed => new ServerOptions { Engine = Engine, Speed = speed })] };

    public static SimulationOptions Scripted(string strategy, int count, ScriptOptions script) =>
        new() { Strategy = strategy, Servers = [.. Enumerable.Repeat(new ServerOptions { Script = script }, count)] };

    public static SimulationOptions With(this SimulationOptions options, int place, Func<ServerOptions, ServerOptions> change) =>
        options with { Servers = [.. options.Servers.Select((server, i) => i == place ? change(server) : server)] };

    /// <summary>Requests at even distances.</summary>
    public static IReadOnlyList<WorkloadRequest> Steady(double rate, double seconds) =>
        [.. Enumerable.Range(0, (int)(rate * seconds)).Select(i => new WorkloadRequest(i / rate, -1, [new PromptPart((ulong)i + 1, 10)], 1))];

    /// <summary>Requests by chance.</summary>
    public static IReadOnlyList<WorkloadRequest> Poisson(double rate, double seconds, int seed) =>
        Workload.Create(new WorkloadOptions { Rate = rate, Prompt = new LengthOptions { Median = 10 }, Answer = new LengthOptions { Median = 1 } }, seconds, seed);
}
