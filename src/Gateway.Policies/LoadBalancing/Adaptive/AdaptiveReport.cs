using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>What <c>Adaptive</c> thinks of a cluster, as it may be shown. Rewards are logarithms: 0 is as soon as the least cost there was, which counts what others wait too; 0.7 less is twice as long.</summary>
/// <param name="State"><c>cold</c> (too few answers), <c>trusted</c>, <c>benched</c> (requests held out fared better) or <c>predicts_worse</c> (than usual times do).</param>
/// <param name="Answers">Answers learned from.</param>
/// <param name="Error">Mean absolute logarithm of how far its predictions were off lately.</param>
/// <param name="UsualError">The same, had each destination's usual time been the prediction.</param>
/// <param name="ModelReward">Mean reward of picks that the model made.</param>
/// <param name="HoldoutReward">Mean reward of requests held out, picked by power of two.</param>
/// <param name="Losses">How often the model was left out because it lost against those.</param>
internal sealed record AdaptiveReport(string State, int Answers, double Error, double UsualError, double ModelReward, double HoldoutReward, int Losses)
{
    /// <summary>Picks of what was predicted to cost more than 1.05 times the least.</summary>
    public long Explorations { get; init; }

    /// <summary>Part of the attempts in the cluster that fail lately.</summary>
    public double FailureShare { get; init; }

    /// <summary>The ways to pick.</summary>
    public IReadOnlyList<ArmReport> Arms { get; init; } = [];

    /// <summary>What a prompt of usual length that no destination has in its cache is predicted to take on each candidate now.</summary>
    public IReadOnlyList<ForecastReport> Forecasts { get; init; } = [];

    /// <summary>The report of what was learned of a cluster.</summary>
    public static AdaptiveReport Of(AdaptiveMemory memory, ClusterLoads? loads, TimeSpan now)
    {
        var trial = memory.Trial;
        var state = trial.IsCold ? "cold" : trial.IsTrusted(now) ? "trusted" : trial.PredictsWorse ? "predicts_worse" : "benched";
        return new AdaptiveReport(
            state, trial.Answers, Rounded(trial.Error), Rounded(trial.UsualError), Rounded(trial.OfModel.Value), Rounded(trial.OfHoldout.Value), trial.Losses)
        {
            Explorations = memory.Tally.Explorations,
            FailureShare = Rounded(memory.Failures),
            Arms = [.. AdaptiveArms.Names.Select((name, arm) => new ArmReport(name, memory.Tally.Of(arm), Rounded(memory.Arms.Mean(arm)), Rounded(memory.Arms.Weight(arm))))],
            Forecasts = loads is null ? [] : Forecast(memory, loads, now),
        };
    }

    private static List<ForecastReport> Forecast(AdaptiveMemory memory, ClusterLoads loads, TimeSpan now)
    {
        var forecasts = new List<ForecastReport>();
        if (memory.Costs.Known.MaxBy(static known => known.Value.Samples) is not { Value: not null } busiest)
        {
            return forecasts;
        }

        var tokens = (int)loads.Tokens.Of(busiest.Model).Prompt;
        var scan = new CostScan(memory, busiest.Model, tokens, default, now);
        foreach (var load in loads.Candidates)
        {
            var cost = scan.Cost(load, tokens, out var predicted);
            forecasts.Add(double.IsPositiveInfinity(cost) ? new(load.Id, tokens, null, null) : new(load.Id, tokens, Rounded(predicted), Rounded(cost)));
        }

        return forecasts;
    }

    private static double Rounded(double value) => Math.Round(value, 6);
}

/// <summary>One way to pick.</summary>
/// <param name="Arm">Its name.</param>
/// <param name="Picks">How often it was used since the start.</param>
/// <param name="MeanReward">Its mean reward lately.</param>
/// <param name="Weight">Rewards that still count.</param>
internal sealed record ArmReport(string Arm, long Picks, double MeanReward, double Weight);

/// <summary>What a prompt is predicted to take on one destination.</summary>
/// <param name="Destination">Destination id.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="PredictedSeconds">Seconds to the first chunk; null when it has no room.</param>
/// <param name="Cost">What destinations are compared by, seconds.</param>
internal sealed record ForecastReport(string Destination, int PromptTokens, double? PredictedSeconds, double? Cost);
