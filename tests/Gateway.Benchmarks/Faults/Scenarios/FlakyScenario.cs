using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>A fifth of all attempts, drawn by chance at every server, is answered 503.</summary>
internal sealed class FlakyScenario : FaultScenario
{
    private FlakyScenario(string name) => Name = name;

    /// <summary>So few requests that the budget of retries allows one for each failure.</summary>
    public static FlakyScenario Slow { get; } = new("flaky 20/s") { Rate = 20, MostAttempts = 1.21, LeastSuccess = 0.95, UsualSuccess = 0.96, MostSuccess = 0.97 };

    /// <summary>So many that the budget must refuse some.</summary>
    public static FlakyScenario Busy { get; } = new("flaky 150/s") { Rate = 150, SettleSeconds = 12, MostAttempts = 1.13, LeastSuccess = 0.88, UsualSuccess = 0.896, MostSuccess = 1 };

    public override string Name { get; }

    // What ejection and breakers do about it would be measured instead.
    public override GatewaySettings Settings { get; } = GatewaySettings.RequestsOnly;

    /// <summary>Requests a second.</summary>
    public required double Rate { get; init; }

    /// <summary>Seconds of the same before anything is counted, in which a budget spends what it had saved. Default: 0.</summary>
    public double SettleSeconds { get; init; }

    /// <summary>Promised: attempts per request.</summary>
    public required double MostAttempts { get; init; }

    /// <summary>Promised: share of good answers.</summary>
    public required double LeastSuccess { get; init; }

    /// <summary>What the budget comes to: of a fifth that fails as many are good at once or at the second attempt.</summary>
    public required double UsualSuccess { get; init; }

    /// <summary>More than this would mean that the load is not what was meant.</summary>
    public required double MostSuccess { get; init; }

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        await trial.Fleet.SetFaultAsync("status=503;p=0.2;path=/v1/chat", cancellation);
        if (SettleSeconds > 0)
        {
            await trial.Load(Rate, SettleSeconds, cancellation).Answers;
            await trial.Fleet.ResetAsync(cancellation);
        }

        var answers = await trial.Load(new Arrivals { Rate = Rate, Count = trial.Durations.FlakyRequests, Seed = trial.Seed }, cancellation).Answers;
        var row = FaultRow.Of(Name, answers);
        var attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests;
        var success = (double)answers.Count(answer => answer.IsGood) / row.Requests;

        // Fewer requests spread further by chance than what is promised of ten thousand allows: three standard deviations.
        var chance = 3 * Math.Sqrt(UsualSuccess * (1 - UsualSuccess) / row.Requests);
        var slack = Math.Max(0, chance - (UsualSuccess - LeastSuccess));
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
