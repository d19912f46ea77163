using BlazeGateway.Bench;
using BlazeGateway.Benchmarks.Load;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>How long one trial lasts.</summary>
internal sealed record TrialOptions
{
    /// <summary>Seconds in which requests come.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seconds of requests before that, of another seed and with other texts, so that nothing is compiled and what a strategy learns is learned. Default: 5.</summary>
    public double WarmupSeconds { get; init; } = 5;

    /// <summary>A request is given up after this. Default: 5 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>
/// Runs single trials: starts the variant anew in front of servers with empty caches, warms it up, empties the caches, sends the requests of a seed, and
/// ends when all are answered.
/// </summary>
/// <param name="requestsAt">The requests at a rate, for so many seconds, of a seed; at another rate the same ones, sooner or later.</param>
/// <param name="fleet">The servers.</param>
/// <param name="lab">Where variants start.</param>
/// <param name="client">Asks whether a variant is ready.</param>
/// <param name="time">The clock.</param>
internal sealed class TrialRunner(Func<double, double, int, IReadOnlyList<WorkloadRequest>> requestsAt, RealFleet fleet, Lab lab, HttpClient client, TimeProvider time)
{
    private const int WarmupSeed = 1_000_003;

    public async Task<Trial> RunAsync(FrontEnd variant, int seed, double rate, TrialOptions options, CancellationToken cancellation)
    {
        await fleet.ResetAsync(cancellation);
        await using var process = await ServerProcess.StartAsync(variant.Plan(lab, fleet.Addresses, fleet.Speeds, fleet.Kind), client, time, cancellation);
        var warmup = requestsAt(rate, options.WarmupSeconds, WarmupSeed + seed);
        if (warmup.Count > 0)
        {
            await TimedClient.RunAsync(process.Url, warmup, (ulong)(WarmupSeed + seed), options.Timeout, time, cancellation);
            await fleet.ResetAsync(cancellation);
        }

        var requests = requestsAt(rate, options.Seconds, seed);
        if (requests.Count == 0)
        {
            throw new ArgumentException($"--seconds is {options.Seconds}; no request comes in this time at --rate {rate}: raise one of them.");
        }

        double OwnCpu() => fleet.CpuSeconds + process.CpuSeconds + LoaderProcess.CpuTime.TotalSeconds;
        var (machine, own) = (new MachineLoad(), OwnCpu());
        var result = await TimedClient.RunAsync(process.Url, requests, (ulong)seed, options.Timeout, time, cancellation);
        own = OwnCpu() - own;
        var load = machine.Share;
        return Summarize(variant, seed, rate, result, await fleet.ReadAsync(cancellation)) with
        {
            MachineLoad = load,
            OwnLoad = own / result.ElapsedSeconds / Environment.ProcessorCount,
        };
    }

    private static Trial Summarize(FrontEnd variant, int seed, double rate, LoadResult result, IReadOnlyList<ServerReading> servers)
    {
        var first = result.TimeToFirstToken ?? new Percentiles();
        var answers = Math.Max(1, servers.Sum(server => server.Answers));
        return new Trial
        {
            Variant = variant.Name,
            Seed = seed,
            Rate = rate,
            Requests = result.Requests,
            Failed = result.Failed,
            FirstTokenMean = first.Mean,
            FirstTokenP50 = first.P50,
            FirstTokenP95 = first.P95,
            FirstTokenP99 = first.P99,
            ResponseMean = result.Latency.Mean,
            InTime = result.GoodShare,
            BusyVariation = Variation([.. servers.Select(server => server.BusySeconds)]),
            HitRate = (double)servers.Sum(server => server.CachedTokens) / Math.Max(1, servers.Sum(server => server.PromptTokens)),
            Shares = [.. servers.Select(server => (double)server.Answers / answers)],
            MachineLoad = 0,
            OwnLoad = 0,
            Void = result.Void,
        };
    }

    private static double Variation(double[] values)
    {
        var mean = values.Average();
        return mean == 0 ? 0 : Math.Sqrt(values.Average(value => (value - mean) * (value - mean))) / mean;
    }
}
