using BlazeGateway.Benchmarks.Simulate;
using BlazeGateway.Demo.Simulation;
using BlazeGateway.Demo.Simulation.Comparison;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>Runs of strategies in regimes, one for each seed; what several parts need is run once.</summary>
/// <param name="seeds">How many seeds.</param>
/// <param name="gateways">How many gateways there are where there are several.</param>
internal sealed class AcceptanceRuns(int seeds, int gateways)
{
    private readonly Dictionary<(string Regime, string Variant, int Gateways), SimulationResult[]> _done = [];
    private readonly Dictionary<string, IReadOnlyList<WorkloadRequest>[]> _asked = [];

    /// <summary>What is compared.</summary>
    public static StrategyVariant Adaptive { get; } = new(Strategies.Adaptive, HasWeights: false);

    /// <summary>The seven that go by one rule, as they are.</summary>
    public static IReadOnlyList<StrategyVariant> Fixed { get; } = [.. StrategyVariant.All.Where(variant => variant.IsFixed && variant.Strategy is not ("Random" or "FirstAlphabetical"))];

    /// <summary>Those of them that know neither tokens nor beginnings of prompts.</summary>
    public static IReadOnlyList<StrategyVariant> WithoutTokens { get; } = [.. Fixed.Where(variant => variant.Strategy != Strategies.LeastLoaded)];

    public IReadOnlyList<int> Seeds { get; } = [.. Enumerable.Range(1, seeds)];

    /// <summary>Gateways where there are several.</summary>
    public int Gateways => gateways;

    /// <summary>All regimes and scenarios.</summary>
    public IReadOnlyDictionary<string, Regime> All { get; } = RegimeFile.Read();

    /// <summary>The regimes that may be tuned by.</summary>
    public IReadOnlyList<string> Regimes => [.. All.Where(entry => entry.Key.StartsWith('R') && !entry.Value.NeverForTuning).Select(entry => entry.Key)];

    /// <summary>The runs of a strategy, in the order of the seeds.</summary>
    public IReadOnlyList<SimulationResult> Of(string regime, StrategyVariant variant, int behind = 1)
    {
        if (!_done.TryGetValue((regime, variant.Name, behind), out var runs))
        {
            _done[(regime, variant.Name, behind)] = runs = [.. With(regime, variant, options => options with { Gateways = behind })];
        }

        return runs;
    }

    /// <summary>The same with other options; kept nowhere.</summary>
    public IReadOnlyList<SimulationResult> With(string regime, StrategyVariant variant, Func<SimulationOptions, SimulationOptions> change) =>
        [.. Seeds.Select((seed, i) => FleetSimulation.Run(change(All[regime].Options(variant, seed, gateways: 1)), Asked(regime)[i]))];

    /// <summary>Requests of a regime, in the order of the seeds.</summary>
    public IReadOnlyList<WorkloadRequest>[] Asked(string regime)
    {
        if (!_asked.TryGetValue(regime, out var asked))
        {
            _asked[regime] = asked = [.. Seeds.Select(All[regime].Requests)];
        }

        return asked;
    }

    /// <summary>Mean time to the first content over the seeds.</summary>
    public double Mean(string regime, StrategyVariant variant, int behind = 1) => Of(regime, variant, behind).Average(run => run.FirstContent.Mean);

    /// <summary>In hindsight the best of several.</summary>
    public StrategyVariant Best(string regime, IReadOnlyList<StrategyVariant> among, int behind = 1) => among.MinBy(variant => Mean(regime, variant, behind))!;

    /// <summary>A figure of Adaptive over that of another, seed by seed.</summary>
    public Spread Ratio(string regime, StrategyVariant other, Func<SimulationResult, double> of, int behind = 1) =>
        Spread.Of(Of(regime, Adaptive, behind).Zip(Of(regime, other, behind), (one, two) => of(one) / of(two)));
}
