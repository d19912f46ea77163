using System.Text.Json;
using System.Text.Json.Serialization;

namespace BlazeGateway.Benchmarks.Simulate;

/// <summary>Regimes and scenarios as they are written down in <c>Claims</c>.</summary>
internal static class RegimeFile
{
    private static readonly JsonSerializerOptions Json = new()
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>All of them by name, those of <c>regimes.json</c> first.</summary>
    public static IReadOnlyDictionary<string, Regime> Read()
    {
        var all = new OrderedDictionary<string, Regime>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in new[] { "regimes.json", "scenarios.json" })
        {
            using var text = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, file)));
            foreach (var entry in text.RootElement.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Object))
            {
                all.Add(entry.Name, entry.Value.Deserialize<Regime>(Json)!);
            }
        }

        foreach (var (name, regime) in all.ToArray())
        {
            all[name] = regime with { Phases = [.. regime.Phases.Select(phase => phase.Like is { } like ? phase with { Workload = all[like].Workload, Speeds = all[like].Speeds } : phase)] };
        }

        return all;
    }
}
