using System.Collections.Concurrent;
using System.Globalization;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.RateLimiting;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>
/// Balancing, circuits, health, retries and limits together, as the application has them, under whatever chance brings: ten thousand seeds, on as many threads as
/// there are processors. <c>BLAZE_SIMULATION_SEEDS</c> plays more or fewer, <c>BLAZE_SIMULATION_SEED</c> one alone.
/// </summary>
public sealed class SimulationTests
{
    private const int Seeds = 5_000;

    [Fact]
    public async Task No_seed_breaks_an_invariant()
    {
        var one = Number("BLAZE_SIMULATION_SEED");
        var broken = await PlayAsync(one ?? 0, one is null ? Number("BLAZE_SIMULATION_SEEDS") ?? Seeds : 1);

        Assert.True(broken.Count == 0, string.Join(Environment.NewLine, broken.Take(20)));
    }

    [Fact]
    public async Task A_seed_plays_the_same_way_every_time()
    {
        var (first, second) = await Task.Run(static () => (Digests(), Digests()));

        Assert.Equal(first, second);
        Assert.Equal(first.Length, first.Distinct().Count());
    }

    [Fact]
    public async Task Runs_reach_every_state_and_every_end()
    {
        var seen = await Task.Run(static () => Enumerable.Range(9_000, 120).SelectMany(static seed => SimulatedRun.Play(seed).Seen).ToHashSet(StringComparer.Ordinal));

        string[] expected =
        [
            .. Enum.GetNames<AvailabilityState>(), .. Enum.GetNames<Outcome>().Except([nameof(Outcome.Unauthorized), nameof(Outcome.ClientError), nameof(Outcome.GatewayError)], StringComparer.Ordinal),
            .. Enum.GetNames<ServerMood>().Except([nameof(ServerMood.Well), nameof(ServerMood.Erring), nameof(ServerMood.Breaking), nameof(ServerMood.Stalling)], StringComparer.Ordinal).Select(static mood => $"again after {mood}"),
        ];
        Assert.Contains("continued", seen);
        Assert.Equal("", string.Join(", ", expected.Except(seen, StringComparer.Ordinal)));
    }

    /// <summary>What the simulation is for: each of these is done behind the gateway's back in the middle of every run, and named with its seed.</summary>
    [Theory]
    [InlineData("a place is not given back", "keeps")]
    [InlineData("a permit is not given back", "permits are taken")]
    [InlineData("a destination ejected stays a candidate", "which is Ejected")]
    [InlineData("a circuit opens by itself", "its circuit Isolated")]
    [InlineData("a record is written twice", "was settled 2 times")]
    public async Task What_is_broken_is_found_and_its_seed_is_told(string how, string told)
    {
        var broken = await PlayAsync(5_000, 25, gateway => Break(gateway, how));

        Assert.Contains(broken, line => line.StartsWith("Seed 50", StringComparison.Ordinal) && line.Contains(told, StringComparison.Ordinal));
    }

    private static int[] Digests() => [.. Enumerable.Range(7_000, 10).Select(static seed => SimulatedRun.Play(seed).Digest)];

    private static void Break(SimulatedGateway gateway, string how)
    {
        var member = gateway.Availability.Members[0];
        switch (how)
        {
            case "a place is not given back":
                member.Load.Reserve();
                break;
            case "a permit is not given back":
                _ = new ConcurrencyLimit(gateway.Permits, PartitionKey.ScopeOf("route", "other"), 1, perClient: false).AttemptAcquire(default);
                break;
            case "a destination ejected stays a candidate":
                var candidates = gateway.State.DestinationsState;
                foreach (var one in gateway.Availability.Members)
                {
                    one.Take(new AvailabilityEvent(AvailabilityInput.AttemptFailed) { IsConclusive = true });
                }

                gateway.State.DestinationsState = candidates;
                for (var i = 0; i < 10; i++)
                {
                    gateway.Send(SimulatedRequest.Chat("broken", stream: false));
                }

                break;
            case "a circuit opens by itself":
                member.Circuit?.Isolate();
                break;
            default:
                gateway.Send(SimulatedRequest.Chat("broken", stream: false));
                ((IAccessLog)gateway).Write(gateway.Tickets.First(ticket => ticket.Settled > 0).Record);
                break;
        }
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
