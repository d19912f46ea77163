using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>One of three is killed under load and started again, another one each time.</summary>
internal sealed class KillScenario : FaultScenario
{
    private const double Rate = 150;

    public override string Name => "kill";

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        var (answers, kills) = (new List<Answer>(), new List<Kill>());
        for (var repeat = 0; repeat < trial.Durations.Repeats; repeat++)
        {
            kills.Add(await KillAsync(trial with { Seed = trial.Seed + repeat }, repeat % trial.Fleet.Servers.Count, answers, cancellation));
        }

        var row = FaultRow.Of(Name, answers);
        double? Longest(Func<Kill, double?> value) => kills.TrueForAll(kill => value(kill) is not null) ? kills.Max(value) : null;
        double added = kills.Max(kill => kill.AddedMs);
        return row with
        {
            EjectedMs = Longest(kill => kill.EjectedMs),
            BackMs = Longest(kill => kill.BackMs),
            Attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests,
            Notes = FormattableString.Invariant($"added while down {added:0} ms"),
            Promises =
            [
                FaultPromise.AtMost("lost", row.Lost, 0),
                FaultPromise.AtMost("slowest while down less the usual p99, ms,", added, 100, "0.0"),
                FaultPromise.AtMost("killed to ejected, ms,", Longest(kill => kill.EjectedMs), 50, "0.0"),
                FaultPromise.AtMost("listening again to up, ms,", Longest(kill => kill.BackMs), 2000),
            ],
        };
    }

    private static async Task<Kill> KillAsync(FaultTrial trial, int victim, List<Answer> all, CancellationToken cancellation)
    {
        var durations = trial.Durations;
        var server = trial.Fleet.Servers[victim];
        var load = trial.Load(Rate, durations.BeforeSeconds + durations.DownSeconds + durations.AfterSeconds, cancellation);
        await load.ReachAsync(durations.BeforeSeconds, cancellation);
        var killed = await server.KillAsync(cancellation);
        await load.ReachAsync(durations.BeforeSeconds + durations.DownSeconds, cancellation);
        var listens = await server.StartAsync(cancellation);
        var again = load.Now;
        var answers = await load.Answers;
        all.AddRange(answers);

        // What was under way at the kill began before it; what a server that has just started compiles is nothing the front end adds.
        var usual = FaultRow.Percentile(answers.Where(answer => answer.EndedAt < durations.BeforeSeconds), 0.99);
        var slowest = answers.Where(answer => answer.EndedAt >= durations.BeforeSeconds && answer.At < again).Max(answer => answer.Milliseconds);
        return new Kill(
            slowest - usual,
            trial.Watch?.Since(killed, server.Name, state => state == "ejected"),
            trial.Watch?.Since(listens, server.Name, state => state == "up"));
    }

    private sealed record Kill(double AddedMs, double? EjectedMs, double? BackMs);
}
