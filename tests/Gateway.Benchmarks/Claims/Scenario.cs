using System.Text.Json;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>One entry of <c>scenarios.json</c>: which model servers there are and what is asked of them.</summary>
internal sealed record Scenario
{
    /// <summary>What it is, in a sentence.</summary>
    public required string What { get; init; }

    /// <summary>A model server of speed 1.</summary>
    public required EngineOptions Engine { get; init; }

    /// <summary>One model server each: the share of the engine's rates that it has.</summary>
    public required IReadOnlyList<double> Speeds { get; init; }

    /// <summary>The requests.</summary>
    public required WorkloadOptions Workload { get; init; }

    /// <summary>Reads a scenario by name from the file beside this program.</summary>
    /// <exception cref="ArgumentException">The file has none of this name.</exception>
    public static Scenario Read(string name)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "scenarios.json")));
        var all = file.RootElement.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Object).ToDictionary(entry => entry.Name, entry => entry.Value, StringComparer.Ordinal);
        return all.TryGetValue(name, out var scenario)
            ? scenario.Deserialize<Scenario>()!
            : throw new ArgumentException($"Scenario '{name}' is not known; known are {string.Join(", ", all.Keys)}.");
    }

    /// <summary>Its requests at another rate: the same ones, sooner or later.</summary>
    public IReadOnlyList<WorkloadRequest> Requests(double rate, double seconds, int seed) =>
        Demo.Simulation.Workloads.Workload.Create(Workload with { Rate = rate }, seconds, seed);
}
