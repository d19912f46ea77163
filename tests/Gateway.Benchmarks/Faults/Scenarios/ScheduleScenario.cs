namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>Every 30 s one of three is killed, another one each time, and started again 5 s later.</summary>
internal sealed class ScheduleScenario : FaultScenario
{
    private const double Rate = 200;
    private const double First = 10;
    private const double Every = 30;
    private const double Down = 5;

    public override string Name => "schedule";

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        var load = trial.Load(Rate, trial.Durations.ScheduleSeconds, cancellation);
        var deaths = 0;
        for (var at = First; at + Down < trial.Durations.ScheduleSeconds; at += Every, deaths++)
        {
            var server = trial.Fleet.Servers[deaths % trial.Fleet.Servers.Count];
            await load.ReachAsync(at, cancellation);
            await server.KillAsync(cancellation);
            await load.ReachAsync(at + Down, cancellation);
            await server.StartAsync(cancellation);
        }

        var answers = await load.Answers;
        var row = FaultRow.Of(Name, answers);
        return row with
        {
            Attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests,
            Notes = FormattableString.Invariant($"{deaths} deaths; good {(double)answers.Count(answer => answer.IsGood) / row.Requests:P3}; broken streams had begun and are not among the lost"),
            Promises = [FaultPromise.AtMost("lost before a stream began", row.Lost, 2)],
        };
    }
}
