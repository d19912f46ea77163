using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>What clients had of what servers did.</summary>
internal static class Goodput
{
    private const double SlackMilliseconds = 100;
    private const int InRow = 5;

    /// <summary>Tokens of all answers that came whole and in time.</summary>
    public static long Tokens(IEnumerable<LogicalRequest> requests) => requests.Where(request => request.IsAnswered).Sum(request => (long)request.Tokens);

    /// <summary>The same from second <paramref name="begin"/> to <paramref name="end"/> of the load: of an answer that came partly outside, that part of its time, from its first text to its last.</summary>
    public static double TokensWithin(IEnumerable<LogicalRequest> requests, double begin, double end) => requests.Where(request => request.IsAnswered)
        .Sum(request => request.Tokens * Part(request.Attempts[^1].At + (request.Attempts[^1].FirstMilliseconds / 1000), request.EndedAt, begin, end));

    /// <summary>The part of a time that lies within another, 0 to 1.</summary>
    public static double Part(double from, double to, double begin, double end) =>
        to <= from ? (from >= begin && from < end ? 1 : 0) : Math.Max(0, Math.Min(to, end) - Math.Max(from, begin)) / (to - from);

    /// <summary>
    /// When latencies are as before, seconds from the start of the load <paramref name="after"/>: when the first of five requests in a row was due that were all answered at the
    /// first attempt, and whose first text came within 100 ms more than the 99th percentile of <paramref name="before"/>. Null if there were no such five.
    /// </summary>
    public static double? RecoveredAt(IReadOnlyList<LogicalRequest> before, IReadOnlyList<LogicalRequest> after)
    {
        double[] firsts = [.. before.Select(request => request.Attempts[0].FirstMilliseconds).Order()];
        var most = firsts[(int)Math.Ceiling(0.99 * firsts.Length) - 1] + SlackMilliseconds;
        var run = 0;
        for (var index = 0; index < after.Count; index++)
        {
            run = after[index] is { IsAnswered: true, Attempts: [{ } only] } && only.FirstMilliseconds <= most ? run + 1 : 0;
            if (run == InRow)
            {
                return after[index - InRow + 1].At;
            }
        }

        return null;
    }
}
