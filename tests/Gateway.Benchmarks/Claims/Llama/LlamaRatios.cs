using System.Globalization;
using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Claims.Llama;

/// <summary>What each variant took in parts of what round robin took for the same requests: ratios seed by seed, their median and its 90 % interval.</summary>
internal static class LlamaRatios
{
    /// <summary>A line for each variant but round robin, which must be among the trials. Below 1 is better than round robin.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<Trial> trials)
    {
        var robin = trials.Where(trial => trial.Variant == Promises.RoundRobin).ToDictionary(trial => trial.Seed);
        foreach (var variant in trials.Where(trial => trial.Variant != Promises.RoundRobin).GroupBy(trial => trial.Variant, StringComparer.Ordinal))
        {
            string Ratio(Func<Trial, double> value)
            {
                var ratio = Bootstrap.OfMedian([.. variant.Select(trial => value(trial) / value(robin[trial.Seed]))], seed: 1);
                return string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:0.00} [{ratio.Low:0.00}, {ratio.High:0.00}]");
            }

            var better = variant.Count(trial => trial.FirstTokenMean < robin[trial.Seed].FirstTokenMean);
            yield return $"{variant.Key} / {Promises.RoundRobin}: TTFT mean {Ratio(trial => trial.FirstTokenMean)}, p50 {Ratio(trial => trial.FirstTokenP50)}, "
                + $"p95 {Ratio(trial => trial.FirstTokenP95)}; mean response {Ratio(trial => trial.ResponseMean)}; mean TTFT better in {better} of {variant.Count()} seeds";
        }
    }
}
