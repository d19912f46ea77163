using System.Runtime.CompilerServices;
using BlazeGateway.Benchmarks.Faults.Scenarios;
using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Faults;

/// <summary>Runs every scenario before every front end, each front end started anew before servers that are whole and warm.</summary>
/// <param name="blaze">The gateway's program.</param>
/// <param name="durations">How long scenarios last.</param>
/// <param name="seed">Fixes what is sent.</param>
/// <param name="client">Talks to servers and admin addresses.</param>
/// <param name="time">The clock.</param>
internal sealed class FaultRun(string blaze, FaultDurations durations, int seed, HttpClient client, TimeProvider time)
{
    public async IAsyncEnumerable<FaultRow> RunAsync(
        IReadOnlyList<FaultScenario> scenarios, IReadOnlyList<FaultFrontEnd> frontEnds, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var hasBreaker = await GatewayKeys.HasAsync(blaze, "CircuitBreaker", cancellation);
        FaultFleet? fleet = null;
        try
        {
            foreach (var (scenario, frontEnd) in scenarios.SelectMany(scenario => frontEnds.Where(scenario.IsFor).Select(frontEnd => (scenario, frontEnd))))
            {
                // Small servers may have work left that nobody waits for, and be told nothing of it.
                if (fleet is null || fleet.Size != scenario.Size || fleet.Size.Slots is not null)
                {
                    await (fleet?.DisposeAsync() ?? ValueTask.CompletedTask);
                    fleet = null;
                    fleet = await FaultFleet.StartAsync(blaze, scenario.Size, client, time, cancellation);
                }

                await fleet.HealAsync(cancellation);
                using var lab = new Lab(fleet.Addresses[0], FaultFleet.Model, blaze);
                var settings = scenario.Settings with { Breaker = scenario.Settings.Breaker || !hasBreaker };
                yield return await RunAsync(scenario, frontEnd.Plan(lab, fleet.Addresses, settings, out var admin), admin, fleet, cancellation) with { FrontEnd = frontEnd.Name };
            }
        }
        finally
        {
            await (fleet?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    private async Task<FaultRow> RunAsync(FaultScenario scenario, ServerPlan frontEnd, Uri? admin, FaultFleet fleet, CancellationToken cancellation)
    {
        await using var process = await ServerProcess.StartAsync(frontEnd, client, time, cancellation);
        await using var watch = admin is null ? null : new AvailabilityWatch(admin, client, time);
        var arrivals = new Arrivals { Rate = 150, Count = 450, Seed = 1_000_003, AnswerTokens = [fleet.Size.WarmTokens] };
        var warm = await OpenLoop.Start(process.Url, FaultFleet.Model, arrivals, time, cancellation).Answers;
        if (fleet.Size.Slots is not null)
        {
            // A front end that compiles is slow enough to fill the few slots; what it does then compiles too.
            warm = await OpenLoop.Start(process.Url, FaultFleet.Model, arrivals with { Rate = 30, Count = 60 }, time, cancellation).Answers;
        }

        if (warm.Count(answer => !answer.IsGood) is var failed and > 0)
        {
            throw new InvalidOperationException($"{frontEnd.FileName} failed {failed} of {warm.Count} requests before anything was broken.");
        }

        await fleet.ResetAsync(cancellation);
        return await scenario.RunAsync(
            new FaultTrial { Url = process.Url, Fleet = fleet, Watch = watch, Durations = durations, Seed = seed, Time = time }, cancellation);
    }
}
