namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>One of three is stopped by SIGSTOP under load, so that it takes connections and answers nothing, and goes on later.</summary>
internal sealed class StopScenario : FaultScenario
{
    private const double Rate = 150;

    public override string Name => "stop";

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        var durations = trial.Durations;
        var server = trial.Fleet.Servers[1];
        var load = trial.Load(Rate, durations.BeforeSeconds + durations.DownSeconds + durations.AfterSeconds, cancellation);
        await load.ReachAsync(durations.BeforeSeconds, cancellation);
        var stopped = trial.Time.GetUtcNow();
        server.Stop();
        await load.ReachAsync(durations.BeforeSeconds + durations.DownSeconds, cancellation);
        server.Continue();
        var goesOn = trial.Time.GetUtcNow();
        var row = FaultRow.Of(Name, await load.Answers);
        return row with
        {
            EjectedMs = trial.Watch?.Since(stopped, server.Name, state => state is not ("up" or "suspect")),
            BackMs = trial.Watch?.Since(goesOn, server.Name, state => state == "up"),
            Attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests,
            Promises = [FaultPromise.AtMost("lost", row.Lost, 0), FaultPromise.AtMost("slowest, ms,", row.SlowestMs, 1500)],
        };
    }
}
