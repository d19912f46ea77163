using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>How often each status came.</summary>
internal static class StatusCounts
{
    /// <summary>Such as <c>200 x 60, 502 x 30, none x 1</c>.</summary>
    public static string Of(IEnumerable<Answer> answers) => string.Join(
        ", ", answers.CountBy(answer => answer.Status).OrderBy(pair => pair.Key).Select(pair => $"{(pair.Key == 0 ? "none" : pair.Key)} x {pair.Value}"));
}
