namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>One of three takes every request and ends the connection without a byte.</summary>
internal sealed class HeadScenario(string name, string fault) : FaultScenario
{
    private const double Rate = 30;
    private const double Seconds = 3;

    public override string Name => name;

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        await trial.Fleet.Servers[0].SetFaultAsync(fault, cancellation);
        var row = FaultRow.Of(Name, await trial.Load(Rate, Seconds, cancellation).Answers);
        return row with
        {
            Attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests,
            Promises = [FaultPromise.AtMost("lost", row.Lost, 0)],
        };
    }
}
