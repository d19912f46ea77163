namespace BlazeGateway.Benchmarks.Claims;

/// <summary>
/// Runs all variants by all seeds, one after the other, in an order that rotates, so that what the machine does meanwhile meets all of them alike and all
/// get the same requests.
/// </summary>
internal sealed class Comparison(TrialRunner runner, IReadOnlyList<FrontEnd> variants, IReadOnlyList<int> seeds, TextWriter log)
{
    private readonly List<Trial> _trials = [];

    /// <summary>Every trial so far.</summary>
    public IReadOnlyList<Trial> Trials => _trials;

    /// <summary>All variants and seeds at one rate.</summary>
    public async Task<IReadOnlyList<Trial>> AtRateAsync(double rate, TrialOptions options, CancellationToken cancellation)
    {
        var trials = new List<Trial>();
        for (var round = 0; round < seeds.Count; round++)
        {
            for (var index = 0; index < variants.Count; index++)
            {
                trials.Add(await RunAsync(variants[(index + round) % variants.Count], seeds[round], rate, options, cancellation));
            }
        }

        return trials;
    }

    /// <summary>The goodput of each variant by each seed, in the order of the seeds: <paramref name="steps"/> bisections of <paramref name="bounds"/>, whose ends are not tried.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<Bracket>>> GoodputAsync(Bracket bounds, int steps, TrialOptions options, CancellationToken cancellation)
    {
        var brackets = variants.ToDictionary(variant => variant.Name, _ => Enumerable.Repeat(bounds, seeds.Count).ToArray(), StringComparer.Ordinal);
        for (var step = 0; step < steps; step++)
        {
            for (var round = 0; round < seeds.Count; round++)
            {
                for (var index = 0; index < variants.Count; index++)
                {
                    var variant = variants[(index + round + step) % variants.Count];
                    var bracket = brackets[variant.Name][round];
                    var trial = await RunAsync(variant, seeds[round], bracket.Middle, options, cancellation);
                    brackets[variant.Name][round] = bracket.Narrow(trial.InTime);
                }
            }
        }

        return brackets.ToDictionary(pair => pair.Key, IReadOnlyList<Bracket> (pair) => pair.Value, StringComparer.Ordinal);
    }

    private async Task<Trial> RunAsync(FrontEnd variant, int seed, double rate, TrialOptions options, CancellationToken cancellation)
    {
        var trial = await runner.RunAsync(variant, seed, rate, options, cancellation);
        _trials.Add(trial);
        await log.WriteLineAsync(FormattableString.Invariant(
            $"{variant.Name,-34} seed {seed} rate {rate,6:0.00}: first token {trial.FirstTokenMean,6:0} ms, in time {trial.InTime:P1}, CPU {trial.MachineLoad:P0}"));
        return trial;
    }
}
