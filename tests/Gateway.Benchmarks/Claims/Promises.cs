using System.Globalization;
using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>
/// What was promised of load balancing, beside what was measured: ratios seed by seed, their median and its 90 % interval. One is held when the interval's
/// worse end holds.
/// </summary>
/// <param name="scenario">H, C or U.</param>
/// <param name="ours">The variant promises are about.</param>
/// <param name="variants">All that were compared.</param>
internal sealed class Promises(string scenario, string ours, IReadOnlyList<FrontEnd> variants)
{
    /// <summary>The naive baseline.</summary>
    public const string RoundRobin = "blaze:RoundRobin";

    /// <summary>The baseline where there is nothing to know.</summary>
    public const string TwoChoices = "blaze:PowerOfTwoChoices";

    /// <summary>Ratios of goodputs.</summary>
    public IEnumerable<string> OfGoodputs(IReadOnlyDictionary<string, IReadOnlyList<Bracket>> goodputs)
    {
        double[] Of(string variant) => [.. goodputs[variant].Select(bracket => bracket.Middle)];
        string? Best(Func<FrontEnd, bool> kind) => variants.Where(kind).Select(variant => variant.Name).MaxBy(name => Bootstrap.Median(Of(name)));
        IEnumerable<string> Against(string? other, string what, double least) =>
            other is null || other == ours ? [] : [Line($"goodput over {what} {other}", Of(ours), Of(other), least, isLeast: true)];
        if (scenario == "C")
        {
            return [.. Against(Best(variant => !variant.IsBlaze), "the best peer,", 1.3), .. Against(Known(RoundRobin), "round robin,", 1)];
        }

        return
        [
            .. Against(Known(RoundRobin), "round robin,", scenario == "H" ? 2.8 : 1),
            .. Against(Best(variant => variant is { IsBlaze: false, IsWeighted: false }), "the best peer without weights,", scenario == "H" ? 1.05 : 1),
            .. Against(Best(variant => variant is { IsBlaze: false, IsWeighted: true }), "the best peer with right weights,", 0.97),
        ];
    }

    /// <summary>Ratios of trials at one rate.</summary>
    public IEnumerable<string> OfTrials(IReadOnlyList<Trial> trials)
    {
        double[] Of(string variant, Func<Trial, double> value) => [.. trials.Where(trial => trial.Variant == variant).OrderBy(trial => trial.Seed).Select(value)];
        IEnumerable<string> Against(string? other, string what, Func<Trial, double> value, double limit, bool isLeast = false) =>
            other is null || other == ours ? [] : [Line($"{what} over {other}", Of(ours, value), Of(other, value), limit, isLeast)];
        var peer = variants.Where(variant => !variant.IsBlaze).Select(variant => variant.Name).MinBy(name => Bootstrap.Median(Of(name, trial => trial.ResponseMean)));
        return scenario switch
        {
            "C" =>
            [
                .. Against(Known(RoundRobin), "mean TTFT", trial => trial.FirstTokenMean, 0.1),
                .. Against(Known(RoundRobin), "hit rate", trial => trial.HitRate, 3, isLeast: true),
                .. Against(peer, "mean response", trial => trial.ResponseMean, 0.7),
            ],
            "U" => Against(Known(TwoChoices), "mean TTFT", trial => trial.FirstTokenMean, 1.02),
            _ =>
            [
                .. Against(Known(RoundRobin), "mean response", trial => trial.ResponseMean, 0.4),
                .. Against(Known(RoundRobin), "CV of busy time", trial => trial.BusyVariation, 0.4),
                .. Against(peer, "mean response", trial => trial.ResponseMean, 1),
            ],
        };
    }

    private string? Known(string name) => variants.Any(variant => variant.Name == name) ? name : null;

    private string Line(string what, double[] mine, double[] theirs, double limit, bool isLeast)
    {
        var ratio = Bootstrap.OfMedian([.. mine.Zip(theirs, (one, other) => one / other)], seed: 1);
        var isHeld = isLeast ? ratio.Low >= limit : ratio.High <= limit;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{ours}: {what}: {ratio.Median:0.00} [{ratio.Low:0.00}, {ratio.High:0.00}], {mine.Length} seeds; promised {(isLeast ? "at least" : "at most")} {limit:0.##}: {(isHeld ? "held" : "NOT HELD")}");
    }
}
