using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>Some of the servers answer 200 with a stream whose first event is an error.</summary>
internal sealed class FirstErrorScenario(string name, int struck) : FaultScenario
{
    private const double Rate = 25;

    public override string Name => name;

    // Else the destinations are ejected, and it is the gateway that answers.
    public override GatewaySettings Settings { get; } = GatewaySettings.RequestsOnly;

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        foreach (var server in trial.Fleet.Servers.Take(struck))
        {
            await server.SetFaultAsync("error=after:0;path=/v1/chat", cancellation);
        }

        var answers = await trial.Load(new Arrivals { Rate = Rate, Count = trial.Durations.Streams, StreamShare = 1, Seed = trial.Seed }, cancellation).Answers;
        var row = FaultRow.Of(Name, answers);
        var asGood = answers.Count(answer => answer is { Status: 200, IsGood: false });
        return row with
        {
            Attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests,
            Notes = $"errors with status 200: {asGood}; statuses {StatusCounts.Of(answers)}",
            Promises = struck < trial.Fleet.Servers.Count
                ? [FaultPromise.AtMost("lost", row.Lost, 0)]
                : [FaultPromise.AtMost("errors with status 200", asGood, 0)],
        };
    }
}
