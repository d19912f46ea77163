namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>One of three is stopped by SIGSTOP under load, so that it takes connections and answers nothing, and goes on later.</summary>
internal sealed class StopScenario : FaultScenario
{
    private const double Rate = 150;
    private const double Learning = 14;

    public override string Name => "stop";

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        // How long probes usually take is learned from eight of them, one a second.
        var durations = trial.Durations with { BeforeSeconds = Learning };
        var server = trial.Fleet.Servers[1];
        var load = trial.Load(Rate, durations.BeforeSeconds + durations.DownSeconds + durations.AfterSeconds, cancellation);
        await load.ReachAsync(durations.BeforeSeconds, cancellation);
        var stopped = trial.Time.GetUtcNow();
        server.Stop();
        await load.ReachAsync(durations.BeforeSeconds + durations.DownSeconds, cancellation);
        server.Continue();
        var goesOn = trial.Time.GetUtcNow();
        var answers = await load.Answers;
        var row = FaultRow.Of(Name, answers);
        var first = answers.Max(answer => answer.FirstMilliseconds);
        var stood = answers.Count(answer => answer is { IsStream: true, Contents: > 0, Milliseconds: > 1000 } && answer.FirstMilliseconds < 1000);
        return row with
        {
            EjectedMs = trial.Watch?.Since(stopped, server.Name, state => state is not ("up" or "suspect")),
            BackMs = trial.Watch?.Since(goesOn, server.Name, state => state == "up"),
            Attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests,
            Notes = FormattableString.Invariant($"slowest to first text {first:0} ms; {stood} streams that had begun stood still"),
            Promises = [FaultPromise.AtMost("lost", row.Lost, 0), FaultPromise.AtMost("slowest to its first text, ms,", first, 1500)],
        };
    }
}
