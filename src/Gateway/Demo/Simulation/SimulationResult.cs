using System.Runtime.InteropServices;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Demo.Simulation;

/// <summary>What one request met. Times in seconds.</summary>
/// <param name="At">When it came, from the start.</param>
/// <param name="Server">Where it went, −1 for nowhere.</param>
/// <param name="ToFirstContent">Time to the first content; infinite when there was none.</param>
/// <param name="Took">Time to its end.</param>
/// <param name="IsFailed">Whether it got no complete answer.</param>
/// <param name="Tokens">Prompt tokens, and those that were cached.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Met(double At, int Server, double ToFirstContent, double Took, bool IsFailed, (int Prompt, int Cached) Tokens)
{
    /// <summary>Why <c>Adaptive</c> picked as it did, and the cost of that as a multiple of the least; nothing of other strategies.</summary>
    public (PickReason Reason, double Ratio) Thought { get; init; }

    public static Met Of(SimulatedRequest request) => new(
        request.Asked.At,
        request.Server,
        request.FirstContent == 0 ? double.PositiveInfinity : VirtualTime.Seconds(request.FirstContent - request.Came),
        VirtualTime.Seconds(request.Ended - request.Came),
        request.Outcome != AttemptOutcome.Answered,
        (request.Asked.PromptTokens, request.CachedTokens))
    {
        Thought = (request.Note.Reason, request.Note.Ratio),
    };
}

/// <summary>What came of a run.</summary>
/// <param name="Requests">What each request met, in the order in which they came.</param>
/// <param name="Busy">Seconds each server had something to do.</param>
/// <param name="Seconds">From the start to the end of the last request.</param>
/// <param name="Arms">How often a strategy that has several ways to pick used each.</param>
internal sealed record SimulationResult(IReadOnlyList<Met> Requests, IReadOnlyList<double> Busy, double Seconds, IReadOnlyList<KeyValuePair<string, long>> Arms)
{
    /// <summary>Time all picks of strategies took on the machine, when that was asked for.</summary>
    public TimeSpan PickTime { get; init; }

    /// <summary>Times to the first content of answered requests, ascending.</summary>
    public Times FirstContent { get; } = new(Requests.Where(met => !met.IsFailed).Select(met => met.ToFirstContent));

    /// <summary>Times to the end of answered requests, ascending.</summary>
    public Times Response { get; } = new(Requests.Where(met => !met.IsFailed).Select(met => met.Took));

    /// <summary>Requests without a complete answer.</summary>
    public int Failed { get; } = Requests.Count(met => met.IsFailed);

    /// <summary>Standard deviation of the servers' busy times over their mean: 0 when all are equally busy.</summary>
    public double BusyVariation { get; } = Variation(Busy);

    /// <summary>Part of the time a server is busy, on average.</summary>
    public double Use => Busy.Average() / Seconds;

    /// <summary>Prompt tokens found in a cache, of all.</summary>
    public double HitRate { get; } = Requests.Sum(met => (long)met.Tokens.Cached) / (double)Math.Max(1, Requests.Sum(met => (long)met.Tokens.Prompt));

    /// <summary>Part of all requests, failed ones included, whose first content came within <paramref name="seconds"/>.</summary>
    public double Within(double seconds) => Requests.Count(met => !met.IsFailed && met.ToFirstContent <= seconds) / (double)Requests.Count;

    /// <summary>Part of the requests that went to each server.</summary>
    public IReadOnlyList<double> Shares()
    {
        var counts = new double[Busy.Count];
        foreach (var met in Requests)
        {
            if (met.Server >= 0)
            {
                counts[met.Server] += 1.0 / Requests.Count;
            }
        }

        return counts;
    }

    /// <summary>The same of requests that came between two moments, seconds from the start.</summary>
    public SimulationResult Between(double from, double until) => new([.. Requests.Where(met => met.At >= from && met.At < until)], Busy, Seconds, Arms);

    private static double Variation(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        return mean == 0 ? 0 : Math.Sqrt(values.Average(value => (value - mean) * (value - mean))) / mean;
    }
}

/// <summary>Times in ascending order, seconds.</summary>
internal sealed class Times
{
    private readonly double[] _sorted;

    public Times(IEnumerable<double> times)
    {
        _sorted = [.. times];
        Array.Sort(_sorted);
        Mean = _sorted.Length == 0 ? double.NaN : _sorted.Average();
    }

    public int Count => _sorted.Length;

    public double Mean { get; }

    /// <summary>The smallest time that a <paramref name="share"/> of all do not exceed; NaN without any.</summary>
    public double At(double share) => _sorted.Length == 0 ? double.NaN : _sorted[Math.Clamp((int)Math.Ceiling(share * _sorted.Length) - 1, 0, _sorted.Length - 1)];
}
