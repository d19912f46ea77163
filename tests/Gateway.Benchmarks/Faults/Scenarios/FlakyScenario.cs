using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>A fifth of all attempts, drawn by chance at every server, is answered 503.</summary>
internal sealed class FlakyScenario : FaultScenario
{
    private FlakyScenario(string name) => Name = name;

    /// <summary>So few requests that the budget of retries allows one for each failure.</summary>
    public static FlakyScenario Slow { get; } = new("flaky 20/s") { Rate = 20, MostAttempts = 1.21, LeastSuccess = 0.95, MostSuccess = 0.97 };

    /// <summary>So many that the budget must refuse some.</summary>
    public static FlakyScenario Busy { get; } = new("flaky 150/s") { Rate = 150, MostAttempts = 1.13, LeastSuccess = 0.88, MostSuccess = 1 };

    public override string Name { get; }

    // What ejection and breakers do about it would be measured instead.
    public override GatewaySettings Settings { get; } = new() { Eject = false };

    /// <summary>Requests a second.</summary>
    public required double Rate { get; init; }

    /// <summary>Promised: attempts per request.</summary>
    public required double MostAttempts { get; init; }

    /// <summary>Promised: share of good answers.</summary>
    public required double LeastSuccess { get; init; }

    /// <summary>More than this would mean that the load is not what was meant.</summary>
    public required double MostSuccess { get; init; }

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        await trial.Fleet.SetFaultAsync("status=503;p=0.2;path=/v1/chat", cancellation);
        var answers = await trial.Load(new Arrivals { Rate = Rate, Count = trial.Durations.FlakyRequests, Seed = trial.Seed }, cancellation).Answers;
        var row = FaultRow.Of(Name, answers);
        var attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests;
        var success = (double)answers.Count(answer => answer.IsGood) / row.Requests;

        // What a thousand draws of a share of 0.96 spread by chance, three standard deviations; of ten thousand it is 0.006.
        var chance = 3 * Math.Sqrt(0.04 * 0.96 / row.Requests);
        var slack = Math.Max(0, chance - 0.01);
        return row with
        {
            Attempts = attempts,
            Notes = FormattableString.Invariant($"success {success:P2}"),
            Promises =
            [
                FaultPromise.AtMost("attempts per request", attempts, MostAttempts, "0.000"),
                new FaultPromise(
                    FormattableString.Invariant($"success from {LeastSuccess:0.00} to {MostSuccess:0.00}"),
                    FormattableString.Invariant($"{success:0.0000}"), success >= LeastSuccess - slack && success <= MostSuccess + slack),
            ],
        };
    }
}
