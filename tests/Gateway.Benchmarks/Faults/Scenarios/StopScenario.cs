namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>One of three is stopped by SIGSTOP under load, so that it takes connections and answers nothing, and goes on later.</summary>
/// <param name="name">Its name.</param>
/// <param name="learning">Seconds before, in which probes learn how long answers take.</param>
/// <param name="most">Longest wait for the first text that is promised, milliseconds.</param>
internal sealed class StopScenario(string name, double learning, double most) : FaultScenario
{
    private const double Rate = 150;

    /// <summary>Eight probes, one a second, tell how long answers usually take.</summary>
    public static StopScenario Learned { get; } = new("stop", learning: 14, most: 1500);

    /// <summary>The same before enough is known.</summary>
    public static StopScenario Unlearned { get; } = new("stop early", learning: 1, most: 3500);

    public override string Name => name;

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        var durations = trial.Durations with { BeforeSeconds = learning };
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
            Promises = [FaultPromise.AtMost("lost", row.Lost, 0), FaultPromise.AtMost("slowest to its first text, ms,", first, most)],
        };
    }
}
