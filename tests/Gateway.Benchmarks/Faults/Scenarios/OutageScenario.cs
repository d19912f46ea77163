namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>All three are killed; one returns, and the others a little later.</summary>
internal sealed class OutageScenario : FaultScenario
{
    private const double Rate = 150;

    // A request under way at the kill may have met any of the three.
    private const double SettledSeconds = 0.1;
    private const double AloneSeconds = 2;

    public override string Name => "outage";

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        var durations = trial.Durations;
        var servers = trial.Fleet.Servers;
        var back = durations.BeforeSeconds + durations.OutageSeconds;
        var load = trial.Load(Rate, back + AloneSeconds + durations.AfterSeconds, cancellation);
        await load.ReachAsync(durations.BeforeSeconds, cancellation);
        await Task.WhenAll(servers.Select(server => server.KillAsync(cancellation)));
        var (down, before) = (load.Now, await trial.Fleet.AttemptsAsync(cancellation));
        await load.ReachAsync(back, cancellation);

        // A server that starts takes the machine's CPU; what clients see of the outage is seen before.
        var (ends, after) = (load.Now, await trial.Fleet.AttemptsAsync(cancellation));
        await servers[0].StartAsync(cancellation);
        var listens = load.Now;
        await load.ReachAsync(back + AloneSeconds, cancellation);
        await Task.WhenAll(servers.Skip(1).Select(server => server.StartAsync(cancellation)));
        var answers = await load.Answers;
        var row = FaultRow.Of(Name, answers);
        var during = answers.Where(answer => answer.At >= down + SettledSeconds && answer.At < ends - SettledSeconds).ToArray();
        var told = during.Count(answer => answer is { Status: 503, RetryAfter: not null });
        var settled = answers.Where(answer => answer.At >= down && answer.At < ends && answer.Status != 503).Select(answer => answer.At - down).DefaultIfEmpty(0).Max();
        var errorP99 = FaultRow.Percentile(during.Where(answer => !answer.IsGood), 0.99);
        var good = answers.Where(answer => answer.IsGood && answer.At > down && answer.EndedAt > listens - SettledSeconds).ToArray();
        double? first = good.Length == 0 ? null : 1000 * Math.Max(0, good.Min(answer => answer.EndedAt) - listens);
        var attempts = (double)(after - before) / answers.Count(answer => answer.At >= down && answer.At < ends);
        return row with
        {
            Attempts = attempts,
            Notes = FormattableString.Invariant($"while down: statuses {StatusCounts.Of(during)}, p99 {errorP99:0.0} ms, nothing but 503 after {settled:0.00} s; first success {first:0} ms after one listens"),
            Promises =
            [
                new FaultPromise("503 with Retry-After for all while down", $"{told} of {during.Length}", told == during.Length),
                FaultPromise.AtMost("p99 of the error, ms,", errorP99, 20, "0.0"),
                FaultPromise.AtMost("attempts per request while down", attempts, 1.20, "0.00"),
                FaultPromise.AtMost("first success after one listens, ms,", first, 1500),
            ],
        };
    }
}
