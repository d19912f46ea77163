using System.Globalization;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>Some of the servers, one for each of these times, answer 429 and ask to be left alone for so many seconds.</summary>
internal sealed class LimitedScenario(string name, IReadOnlyList<int> retryAfter) : FaultScenario
{
    private const double Rate = 30;
    private const double Seconds = 3;

    // Until each server was asked once the smallest time is not known.
    private const double KnownSeconds = 0.5;

    public override string Name => name;

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        foreach (var (server, seconds) in trial.Fleet.Servers.Zip(retryAfter))
        {
            await server.SetFaultAsync(FormattableString.Invariant($"status=429;retry-after={seconds};path=/v1/chat"), cancellation);
        }

        var answers = await trial.Load(Rate, Seconds, cancellation).Answers;
        var row = FaultRow.Of(Name, answers);
        var limited = answers.Count(answer => answer.Status == 429);

        // Up to a tenth may be added by chance, and it is rounded up.
        var most = (int)Math.Ceiling(retryAfter.Min() * 1.1);
        var told = answers.Where(answer => answer.At >= KnownSeconds)
            .Select(answer => answer.Status == 429 && int.TryParse(answer.RetryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : int.MaxValue)
            .ToArray();
        var right = told.Count(seconds => seconds >= 1 && seconds <= most);
        return row with
        {
            Attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests,
            Notes = $"statuses {StatusCounts.Of(answers)}; 429 with Retry-After of at most {most} s: {right} of {told.Length}",
            Promises = retryAfter.Count < trial.Fleet.Servers.Count
                ? [FaultPromise.AtMost("429 at clients", limited, 0), FaultPromise.AtMost("lost", row.Lost, 0)]
                : [new FaultPromise($"429 with Retry-After from 1 to {most} for all", $"{right} of {told.Length}", right == told.Length)],
        };
    }
}
