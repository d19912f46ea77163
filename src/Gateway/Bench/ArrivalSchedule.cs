namespace BlazeGateway.Bench;

/// <summary>When requests of an open loop start, counted from the start of the load.</summary>
internal static class ArrivalSchedule
{
    /// <summary>Start times of <paramref name="options"/>, ending at its duration or its number of requests, whichever is first.</summary>
    public static IEnumerable<TimeSpan> Create(LoadOptions options)
    {
        var arrivals = options.Arrivals ?? (options.Poisson
            ? Poisson(options.Rate!.Value, options.Seed)
            : Constant(options.Rate!.Value));
        return Until(arrivals, options.Duration ?? LoadLimits.MaxDuration, options.Requests ?? LoadLimits.MaxRequests);
    }

    /// <summary>Independent arrivals: gaps are exponential with mean 1/<paramref name="rate"/> seconds.</summary>
    public static IEnumerable<TimeSpan> Poisson(double rate, int seed)
    {
        var random = new Random(seed);
        var seconds = 0.0;
        while (true)
        {
            seconds -= Math.Log(1 - random.NextDouble()) / rate;
            yield return TimeSpan.FromSeconds(seconds);
        }
    }

    /// <summary>Equal gaps of 1/<paramref name="rate"/> seconds, the first at 0.</summary>
    public static IEnumerable<TimeSpan> Constant(double rate)
    {
        for (long index = 0; ; index++)
        {
            yield return TimeSpan.FromSeconds(index / rate);
        }
    }

    private static IEnumerable<TimeSpan> Until(IEnumerable<TimeSpan> arrivals, TimeSpan end, long count)
    {
        var left = count;
        foreach (var arrival in arrivals)
        {
            if (arrival >= end || left-- == 0)
            {
                yield break;
            }

            yield return arrival;
        }
    }
}
