using System.Globalization;
using System.Text.Json;
using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Benchmarks.Load;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;
using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies;

namespace BlazeGateway.Benchmarks.Simulate;

/// <summary>One workload through the real gateway and its simulation: the same requests at the same times, in front of the same model servers.</summary>
/// <param name="scenario">The model servers.</param>
/// <param name="requests">The requests.</param>
/// <param name="blaze">The gateway's program.</param>
/// <param name="time">The clock.</param>
internal sealed class Calibration(Scenario scenario, IReadOnlyList<WorkloadRequest> requests, string blaze, TimeProvider time)
{
    /// <summary>What the mark that asks for the answer adds to a prompt of chat completions.</summary>
    private const int MarkTokens = 4;

    /// <summary>The simulation leaves to chance what the gateway leaves to its own: means of so many seeds are compared.</summary>
    private const int Seeds = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Measures a strategy and simulates it.</summary>
    public async Task<(CalibrationSide Real, CalibrationSide Simulated)> RunAsync(string strategy, RealFleet fleet, HttpClient client, CancellationToken cancellation)
    {
        using var lab = new Lab(fleet.Addresses[0], RealFleet.Model, blaze);
        var plan = Plan(lab, strategy, fleet);
        await using var gateway = await ServerProcess.StartAsync(plan, client, time, cancellation);

        // The compiler's first seconds are not the gateway's.
        var warm = requests.Take(64).Select((request, i) => request with { At = i / 16.0, AnswerTokens = 4 }).ToArray();
        await TimedClient.RunAsync(plan.Url, warm, salt: 1, Patience, time, cancellation);
        await fleet.ResetAsync(cancellation);
        var load = await TimedClient.RunAsync(plan.Url, requests, salt: 2, Patience, time, cancellation);
        if (!load.IsValid || load.Failed > 0 || load.TimeToFirstToken is null)
        {
            throw new InvalidOperationException($"{strategy}: {load.Failed} requests failed. {string.Join(' ', load.Void)}");
        }

        var readings = await fleet.ReadAsync(cancellation);
        var answers = (double)readings.Sum(reading => reading.Answers);
        return (
            new CalibrationSide(load.TimeToFirstToken.P50 / 1000, load.TimeToFirstToken.P99 / 1000, [.. readings.Select(reading => reading.Answers / answers)]),
            Simulate(strategy));
    }

    private CalibrationSide Simulate(string strategy)
    {
        var asked = requests.Select(request => new WorkloadRequest(request.At, request.Session, [.. request.Parts, new PromptPart(0, MarkTokens)], request.AnswerTokens)).ToArray();
        var options = new SimulationOptions
        {
            Strategy = strategy,
            Servers = [.. scenario.Speeds.Select(speed => new ServerOptions { Engine = scenario.Engine, Speed = speed })],
            Cluster = new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = ModelServerKinds.Vllm } },
            LimitsAnswers = true,
        };
        SimulationResult[] runs = [.. Enumerable.Range(1, Seeds).Select(seed => FleetSimulation.Run(options with { Seed = seed }, asked))];
        var row = ComparisonRow.Of(new StrategyVariant(strategy, HasWeights: false), runs);
        return new CalibrationSide(row.FirstContent.P50, row.FirstContent.P99, row.Shares)
        {
            Seeds = (runs.Min(run => run.FirstContent.At(0.99)), runs.Max(run => run.FirstContent.At(0.99))),
        };
    }

    private static ServerPlan Plan(Lab lab, string strategy, RealFleet fleet)
    {
        var (url, admin) = (Lab.Address(Lab.FreePort()), Lab.Address(Lab.FreePort()));
        var destinations = fleet.Addresses.Select((address, i) => KeyValuePair.Create(SimulatedGateway.NameOf(i), new { Address = address }));
        var routes = lab.Write("routes.json", JsonSerializer.Serialize(new
        {
            ReverseProxy = new
            {
                Routes = new { all = new { ClusterId = "servers", Match = new { Path = "/{**rest}" }, Extensions = new { Inference = true } } },
                Clusters = new
                {
                    servers = new
                    {
                        LoadBalancingPolicy = strategy,
                        Destinations = new Dictionary<string, object>(destinations.Select(pair => KeyValuePair.Create(pair.Key, (object)pair.Value)), StringComparer.Ordinal),
                        Extensions = new { ModelServer = new { Kind = ModelServerKinds.Vllm, Models = new[] { RealFleet.Model } } },
                    },
                },
            },
        }));
        var (file, words) = Lab.Program(
            lab.Blaze, "run", "--config", routes, "--urls", url.ToString(), "--admin-url", admin.ToString(), "--Telemetry:AccessLog:Enabled=false");
        return new ServerPlan { FileName = file, Arguments = words, Url = url, ReadyUrl = new Uri(admin, "/readyz") };
    }
}

/// <summary>What one side of a calibration came to.</summary>
/// <param name="P50">Median time to the first token, seconds.</param>
/// <param name="P99">Its 99th percentile.</param>
/// <param name="Shares">Part of the requests that each server got.</param>
internal sealed record CalibrationSide(double P50, double P99, IReadOnlyList<double> Shares)
{
    /// <summary>The least and the largest 99th percentile of the simulation's seeds: what chance alone does to it.</summary>
    public (double Least, double Most) Seeds { get; init; }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{P50,8:0.000} {P99,8:0.000}  {string.Join(' ', Shares.Select(share => (100 * share).ToString("0.0", CultureInfo.InvariantCulture).PadLeft(5)))}");
}
