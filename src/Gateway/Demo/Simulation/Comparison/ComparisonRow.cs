namespace BlazeGateway.Demo.Simulation.Comparison;

/// <summary>What one strategy came to, over one run or the mean of several. Times in seconds.</summary>
internal sealed record ComparisonRow
{
    /// <summary>Name of the variant.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is one that others are measured against.</summary>
    public required bool IsFixed { get; init; }

    /// <summary>Time to the first content: mean, median, 95th and 99th percentile.</summary>
    public required TimeSummary FirstContent { get; init; }

    /// <summary>Time to the end of the answer.</summary>
    public required TimeSummary Response { get; init; }

    /// <summary>Part of all requests whose first content came within a second.</summary>
    public required double WithinSecond { get; init; }

    /// <summary>Requests without a complete answer.</summary>
    public required double Failed { get; init; }

    /// <summary>Variation of the servers' busy times.</summary>
    public required double BusyVariation { get; init; }

    /// <summary>Part of the time a server has something to do.</summary>
    public required double Use { get; init; }

    /// <summary>Prompt tokens found in a cache, of all.</summary>
    public required double HitRate { get; init; }

    /// <summary>Part of the requests each server got.</summary>
    public required IReadOnlyList<double> Shares { get; init; }

    /// <summary>How often each of several ways to pick was used.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Arms { get; init; }

    /// <summary>The means of several runs.</summary>
    public static ComparisonRow Of(StrategyVariant variant, IReadOnlyList<SimulationResult> runs)
    {
        double Mean(Func<SimulationResult, double> of) => runs.Average(of);
        TimeSummary Times(Func<SimulationResult, Times> of) =>
            new(Mean(run => of(run).Mean), Mean(run => of(run).At(0.5)), Mean(run => of(run).At(0.95)), Mean(run => of(run).At(0.99)));
        return new ComparisonRow
        {
            Name = variant.Name,
            IsFixed = variant.IsFixed,
            FirstContent = Times(run => run.FirstContent),
            Response = Times(run => run.Response),
            WithinSecond = Mean(run => run.Within(1)),
            Failed = Mean(run => run.Failed),
            BusyVariation = Mean(run => run.BusyVariation),
            Use = Mean(run => run.Use),
            HitRate = Mean(run => run.HitRate),
            Shares = [.. runs[0].Busy.Select((_, i) => runs.Average(run => run.Shares()[i]))],
            Arms = [.. runs.SelectMany(run => run.Arms).GroupBy(arm => arm.Key, (name, arms) => KeyValuePair.Create(name, arms.Sum(arm => arm.Value)), StringComparer.Ordinal)],
        };
    }
}

/// <summary>Times of many requests, seconds.</summary>
/// <param name="Mean">Mean.</param>
/// <param name="P50">Median.</param>
/// <param name="P95">95th percentile.</param>
/// <param name="P99">99th percentile.</param>
internal sealed record TimeSummary(double Mean, double P50, double P95, double P99);
