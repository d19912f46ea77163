using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults;

/// <summary>Something promised of the gateway.</summary>
/// <param name="What">In a few words, with its limit.</param>
/// <param name="Seen">What was measured.</param>
/// <param name="Holds">Whether it is within the limit.</param>
internal sealed record FaultPromise(string What, string Seen, bool Holds)
{
    /// <summary>A measured value that must reach a limit.</summary>
    public static FaultPromise AtLeast(string what, double seen, double limit) =>
        new(FormattableString.Invariant($"{what} at least {limit}"), FormattableString.Invariant($"{seen:0.000}"), seen >= limit);

    /// <summary>A measured value that must not exceed a limit; one that could not be seen does not hold.</summary>
    public static FaultPromise AtMost(string what, double? seen, double limit, string format = "0") =>
        new(FormattableString.Invariant($"{what} at most {limit}"), seen?.ToString(format, System.Globalization.CultureInfo.InvariantCulture) ?? "not seen", seen <= limit);
}

/// <summary>What one front end did in one scenario.</summary>
internal sealed record FaultRow
{
    /// <summary>The scenario and, where it has several rows, which.</summary>
    public required string Scenario { get; init; }

    /// <summary>The front end. Default: empty, until the command fills it in.</summary>
    public string FrontEnd { get; init; } = "";

    /// <summary>Requests sent.</summary>
    public required int Requests { get; init; }

    /// <summary>Those that got no answer; see <see cref="Answer.IsLost"/>.</summary>
    public required int Lost { get; init; }

    /// <summary>Streams that broke after text had come.</summary>
    public required int Broken { get; init; }

    /// <summary>The longest any request took, from when it was due, good or not.</summary>
    public required double SlowestMs { get; init; }

    /// <summary>Requests that took more than a second.</summary>
    public required int Slow { get; init; }

    /// <summary>Seconds from the first lost request to the last; 0 without.</summary>
    public required double WindowSeconds { get; init; }

    /// <summary>Longest time from the fault until the gateway's admin API tells the destination ejected.</summary>
    public double? EjectedMs { get; init; }

    /// <summary>Longest time from listening again until it tells the destination up.</summary>
    public double? BackMs { get; init; }

    /// <summary>Attempts upstream per request.</summary>
    public double? Attempts { get; init; }

    /// <summary>What only this scenario tells.</summary>
    public string Notes { get; init; } = "";

    /// <summary>What is compared with other front ends, by name. Default: nothing.</summary>
    public IReadOnlyDictionary<string, double> Figures { get; init; } = System.Collections.Immutable.ImmutableDictionary<string, double>.Empty;

    /// <summary>What is promised of the gateway here.</summary>
    public IReadOnlyList<FaultPromise> Promises { get; init; } = [];

    /// <summary>Whether all of it holds.</summary>
    public bool Holds => Promises.All(promise => promise.Holds);

    /// <summary>The row of these answers.</summary>
    public static FaultRow Of(string scenario, IReadOnlyList<Answer> answers)
    {
        var lost = answers.Where(answer => answer.IsLost).ToArray();
        return new FaultRow
        {
            Scenario = scenario,
            Requests = answers.Count,
            Lost = lost.Length,
            Broken = answers.Count(answer => answer.IsBroken),
            SlowestMs = answers.Max(answer => answer.Milliseconds),
            Slow = answers.Count(answer => answer.Milliseconds > 1000),
            WindowSeconds = lost.Length == 0 ? 0 : lost.Max(answer => answer.At) - lost.Min(answer => answer.At),
        };
    }

    /// <summary>The row of requests whose clients try again: lost is what no attempt was answered of, and times count from when the first was due to the end of the last.</summary>
    public static FaultRow Of(string scenario, IReadOnlyList<LogicalRequest> requests)
    {
        var lost = requests.Where(request => !request.IsAnswered).ToArray();
        return new FaultRow
        {
            Scenario = scenario,
            Requests = requests.Count,
            Lost = lost.Length,
            Broken = requests.Count(request => request.Attempts.Any(attempt => attempt.IsBroken)),
            SlowestMs = requests.Max(request => request.Milliseconds),
            Slow = requests.Count(request => request.Milliseconds > 1000),
            WindowSeconds = lost.Length == 0 ? 0 : lost.Max(request => request.At) - lost.Min(request => request.At),
        };
    }

    /// <summary>The time that <paramref name="share"/> of them did not exceed (nearest rank); 0 of none.</summary>
    public static double Percentile(IEnumerable<Answer> answers, double share)
    {
        double[] sorted = [.. answers.Select(answer => answer.Milliseconds).Order()];
        return sorted.Length == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }
}
