using System.Collections.Concurrent;
using System.Globalization;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>
/// Balancing, circuits, health, retries and limits together, as the application has them, under whatever chance brings: ten thousand seeds, on as many threads as
/// there are processors. <c>BLAZE_SIMULATION_SEEDS</c> plays more or fewer, <c>BLAZE_SIMULATION_SEED</c> one alone.
/// </summary>
public sealed class SimulationTests
{
    private const int Seeds = 10_000;

    [Fact]
    public async Task No_seed_breaks_an_invariant()
    {
        var one = Number("BLAZE_SIMULATION_SEED");
        var broken = await PlayAsync(one ?? 0, one is null ? Number("BLAZE_SIMULATION_SEEDS") ?? Seeds : 1);

        Assert.True(broken.Count == 0, string.Join(Environment.NewLine, broken.Take(20)));
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>Plays seeds on threads without a context, for all of a seed happens on one.</summary>
    private static async Task<IReadOnlyList<string>> PlayAsync(int first, int count, Action<SimulatedGateway>? sabotage = null)
    {
        var broken = new ConcurrentQueue<(int Seed, string What)>();
        await Task.Run(() => Parallel.For(first, first + count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            foreach (var what in SimulatedRun.Play(seed, sabotage).Broken)
            {
                broken.Enqueue((seed, what));
            }
        }));
        return [.. broken.OrderBy(found => found.Seed).Select(found => $"Seed {found.Seed}: {found.What}")];
    }
}
