namespace BlazeGateway.Bench;

/// <summary>An estimate with the ends of its interval.</summary>
internal sealed record Interval(double Median, double Low, double High);

/// <summary>How far a median of few values can be trusted: percentile bootstrap (B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982).</summary>
internal static class Bootstrap
{
    private const int Resamples = 10_000;

    /// <summary>The median of <paramref name="values"/> and the interval that holds <paramref name="level"/> of the medians of resamples.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static Interval OfMedian(IReadOnlyList<double> values, int seed, double level = 0.90)
    {
        if (values.Count == 0)
        {
            throw new ArgumentException("A median needs at least one value.", nameof(values));
        }

        var random = new Random(seed);
        var medians = new double[Resamples];
        var sample = new double[values.Count];
        for (var index = 0; index < medians.Length; index++)
        {
            for (var drawn = 0; drawn < sample.Length; drawn++)
            {
                sample[drawn] = values[random.Next(values.Count)];
            }

            Array.Sort(sample);
            medians[index] = MiddleOf(sample);
        }

        Array.Sort(medians);
        var tail = (1 - level) / 2;
        return new Interval(Median(values), medians[(int)(tail * Resamples)], medians[(int)((1 - tail) * Resamples) - 1]);
    }

    /// <summary>The middle value, or the mean of the two middle ones.</summary>
    public static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.ToArray();
        Array.Sort(sorted);
        return MiddleOf(sorted);
    }

    private static double MiddleOf(double[] sorted) =>
        sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
}
