using System.Text.Json;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Benchmarks.Claims.Llama;

/// <summary>One entry of <c>llama.json</c>: which llama.cpp servers there are and what is asked of them.</summary>
internal sealed record LlamaScenario
{
    /// <summary>What it is, in a sentence.</summary>
    public required string What { get; init; }

    /// <summary>One server each: how many times it computes what is new of a prompt, 1 for full speed.</summary>
    public required IReadOnlyList<int> Passes { get; init; }

    /// <summary>Requests a server computes at once.</summary>
    public required int Slots { get; init; }

    /// <summary>Tokens of prompt and answer that a slot holds.</summary>
    public required int SlotTokens { get; init; }

    /// <summary>The requests.</summary>
    public required WorkloadOptions Workload { get; init; }

    /// <summary>Reads a scenario by name from the file beside this program.</summary>
    /// <exception cref="ArgumentException">The file has none of this name.</exception>
    public static LlamaScenario Read(string name)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "llama.json")));
        var all = file.RootElement.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Object).ToDictionary(entry => entry.Name, entry => entry.Value, StringComparer.Ordinal);
        return all.TryGetValue(name, out var scenario)
            ? scenario.Deserialize<LlamaScenario>()!
            : throw new ArgumentException($"--scenario is '{name}'; known are {string.Join(", ", all.Keys)}.");
    }

    /// <summary>Its requests at another rate: the same ones, sooner or later.</summary>
    public IReadOnlyList<WorkloadRequest> Requests(double rate, double seconds, int seed) =>
        Demo.Simulation.Workloads.Workload.Create(Workload with { Rate = rate }, seconds, seed);
}
