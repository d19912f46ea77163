using BlazeGateway.Bench;
using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>All three reset every stream at the same place: between two frames or inside one.</summary>
internal sealed class CutScenario(string name, string fault, bool isBoundary) : FaultScenario
{
    private const double Rate = 25;

    public override string Name => name;

    // Else the destinations are ejected and nothing is left to be cut.
    public override GatewaySettings Settings { get; } = GatewaySettings.RequestsOnly;

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        await trial.Fleet.SetFaultAsync(fault, cancellation);
        var answers = await trial.Load(new Arrivals { Rate = Rate, Count = trial.Durations.Streams, StreamShare = 1, Seed = trial.Seed }, cancellation).Answers;
        var row = FaultRow.Of(Name, answers);
        var complete = answers.Count(answer => answer.IsGood);
        var told = answers.Count(answer => answer.HasErrorEvent);
        var aborted = answers.Count(answer => answer is { Outcome: LoadOutcome.CutInBody, HasErrorEvent: false });
        var unmarked = answers.Count(answer => answer.Outcome == LoadOutcome.IncompleteStream);
        return row with
        {
            Attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests,
            Notes = $"complete {complete}, error event {told}, aborted {aborted}, ended well without [DONE] {unmarked}",
            Promises =
            [
                FaultPromise.AtMost("streams that look complete", complete, 0),
                isBoundary
                    ? new FaultPromise($"an error event in all {row.Requests}", $"{told}", told == row.Requests)
                    : new FaultPromise($"all {row.Requests} aborted, no error event in half a frame", $"{aborted}", aborted == row.Requests),
            ],
        };
    }
}
