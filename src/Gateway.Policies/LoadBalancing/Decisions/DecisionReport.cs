using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Policies.LoadBalancing.Decisions;

/// <summary>One decision as it may be shown. Times are in seconds; what is not known is null.</summary>
/// <param name="Time">When the destination was picked.</param>
/// <param name="RequestId">Value of <c>X-Request-Id</c>.</param>
/// <param name="Route">Route id.</param>
/// <param name="Cluster">Cluster id.</param>
/// <param name="Model">Model label.</param>
/// <param name="Strategy">Name of the strategy.</param>
/// <param name="Arm">Which of its ways to pick <c>Adaptive</c> used.</param>
/// <param name="By">Who chose: <c>strategy</c>, <c>affinity</c> or <c>trial</c> of a half-open destination.</param>
/// <param name="Destination">Destination id; null when there was none to pick.</param>
internal sealed record DecisionReport(
    DateTimeOffset Time, string RequestId, string Route, string Cluster, string? Model, string Strategy, string? Arm, string By, string? Destination)
{
    /// <summary>Which attempt on the request it was for, from 1 on.</summary>
    public int Attempt { get; init; }

    /// <summary>The decisions made for the request before this one, in order; null when there are none, and in lists.</summary>
    public IReadOnlyList<DecisionReport>? Earlier { get; init; }

    /// <summary>
    /// Why <c>Adaptive</c> picked as it did: <c>least_cost</c>, <c>cold</c> (too few answers to go by), <c>held_out</c> (picked by power of two, to compare the
    /// model with), <c>untrusted</c> (the model is left out) or <c>tried</c> (dearer, by chance); null for other strategies.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>
    /// By which part of its rule <c>ConsistentHash</c> picked: <c>key</c>, <c>next_in_line</c> or <c>no_key</c>; null of other strategies.
    /// </summary>
    public string? Rule { get; init; }

    /// <summary>The chance this pick had where chance decided; 1 for all others, null without <c>Adaptive</c>.</summary>
    public double? Propensity { get; init; }

    /// <summary>Seconds to the first chunk predicted for the destination picked.</summary>
    public double? PredictedSeconds { get; init; }

    /// <summary>Cost of the cheapest candidate, seconds.</summary>
    public double? BestCost { get; init; }

    /// <summary>Prompt tokens as they were estimated; null for requests that no model answers.</summary>
    public int? PromptTokens { get; init; }

    /// <summary>Tokens of the answer as they were estimated.</summary>
    public int? AnswerTokens { get; init; }

    /// <summary>Blocks of 64 bytes of the prompt, 256 at most; 0 when the strategy does not go by them.</summary>
    public int PrefixBlocks { get; init; }

    /// <summary>Ids of the prompt's beginning, of 1, 2, 4 … 256 blocks as far as it goes: equal ids are equal beginnings, within one run of the gateway.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>Whom it was picked among; at most 16.</summary>
    public IReadOnlyList<CandidateReport> Candidates { get; init; } = [];

    /// <summary>Candidates that are not listed.</summary>
    public int MoreCandidates { get; init; }

    /// <summary>What came of it; null while the request runs.</summary>
    public OutcomeReport? Outcome { get; init; }

    /// <summary>Makes the report of <paramref name="decision"/>.</summary>
    /// <param name="decision">The decision.</param>
    /// <param name="time">When it was made.</param>
    /// <param name="secret">Seed of the ids of prefixes.</param>
    public static DecisionReport Of(in Decision decision, DateTimeOffset time, long secret)
    {
        var names = decision.Names;
        var candidates = decision.Candidates;
        var isInference = decision.PromptTokens > 0;
        return new DecisionReport(
            time,
            names.RequestId,
            names.Route,
            names.Cluster,
            names.Model,
            names.Strategy,
            decision.Arm < 0 ? null : AdaptiveArms.Names[decision.Arm],
            decision.Way switch { DecisionWay.Affinity => "affinity", DecisionWay.Trial => "trial", _ => "strategy" },
            decision.Destination)
        {
            Attempt = decision.Attempt,
            Reason = decision.Arm < 0 ? null : Name(decision.Reason),
            Rule = decision.Rule switch
            {
                DecisionRule.Key => "key",
                DecisionRule.NextInLine => "next_in_line",
                DecisionRule.NoKey => "no_key",
                _ => null,
            },
            Propensity = decision.Arm < 0 ? null : decision.Propensity,
            PredictedSeconds = Positive(decision.Predicted),
            BestCost = Positive(decision.Best),
            PromptTokens = isInference ? decision.PromptTokens : null,
            AnswerTokens = isInference ? decision.AnswerTokens : null,
            PrefixBlocks = decision.Blocks,
            Prefix = Ids(decision, secret),
            Candidates = [.. candidates[..decision.Kept].ToArray().Select(CandidateReport.Of)],
            MoreCandidates = Math.Max(0, decision.Among - decision.Kept),
            Outcome = OutcomeReport.Of(decision.Outcome),
        };
    }

    /// <summary>The reason as reports name it.</summary>
    internal static string Name(PickReason reason) => reason switch
    {
        PickReason.Cold => "cold",
        PickReason.HeldOut => "held_out",
        PickReason.Untrusted => "untrusted",
        PickReason.Tried => "tried",
        _ => "least_cost",
    };

    internal static double? Positive(double seconds) => seconds > 0 && double.IsFinite(seconds) ? Math.Round(seconds, 6) : null;

    private static List<string> Ids(in Decision decision, long secret)
    {
        var ids = new List<string>(Decision.MostMarks);
        for (var (mark, blocks) = (0, 1); mark < Decision.MostMarks && blocks <= decision.Blocks; mark++, blocks *= 2)
        {
            var hash = decision.Marks[mark];
            ids.Add(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in hash)), secret).ToString("x16", CultureInfo.InvariantCulture));
        }

        return ids;
    }
}

/// <summary>One candidate as it was when the choice was made.</summary>
/// <param name="Destination">Destination id.</param>
/// <param name="InFlight">Requests in flight there.</param>
/// <param name="PrefillTokens">Prompt tokens it had to compute.</param>
/// <param name="OwnTokens">Prompt tokens of the request it would have to compute.</param>
/// <param name="PredictedSeconds">Seconds to the first chunk predicted there.</param>
/// <param name="Cost">What going there was said to cost: seconds for <c>Adaptive</c>, prompts in front for <c>LeastLoaded</c>; null when nobody said.</param>
/// <param name="IsFull">Whether it had no room or weight.</param>
internal sealed record CandidateReport(string Destination, int InFlight, long PrefillTokens, int? OwnTokens, double? PredictedSeconds, double? Cost, bool IsFull)
{
    /// <summary>
    /// Why it was passed over although it is well: <c>cooling</c>, it answered 429 and is left alone; <c>tried</c>, the request was sent there before. Null for all others.
    /// </summary>
    public string? PassedOver { get; init; }

    internal static CandidateReport Of(DecisionCandidate candidate) => new(
        candidate.Id,
        candidate.InFlight,
        candidate.PrefillTokens,
        candidate.OwnTokens < 0 ? null : candidate.OwnTokens,
        DecisionReport.Positive(candidate.Predicted),
        float.IsFinite(candidate.Cost) ? Math.Round(candidate.Cost, 6) : null,
        float.IsPositiveInfinity(candidate.Cost))
    {
        PassedOver = candidate.PassedOver switch { Decisions.PassedOver.Cooling => "cooling", Decisions.PassedOver.Tried => "tried", _ => null },
    };
}

/// <summary>What came of a decision.</summary>
/// <param name="Result">How the request ended, as in <c>blaze_requests_total</c>; <c>retried</c>, <c>continued</c> or <c>not_picked</c> when it went on.</param>
/// <param name="Status">Status code sent, or answered by the destination when the request went on; 0 for none.</param>
/// <param name="FirstChunkSeconds">From sending to the first chunk with content; of an answer that is no stream, to its end.</param>
/// <param name="SecondsPerChunk">Between chunks of a stream.</param>
/// <param name="PromptTokens">Prompt tokens the model server stated.</param>
/// <param name="CachedTokens">Those of them it had in its cache, if it stated that.</param>
/// <param name="AnswerTokens">Tokens of the answer, stated or else counted.</param>
internal sealed record OutcomeReport(
    string Result, int Status, double? FirstChunkSeconds, double? SecondsPerChunk, int? PromptTokens, int? CachedTokens, int? AnswerTokens)
{
    /// <summary>
    /// Why another pick was made for the request: a cause of <c>blaze_retries_total</c>, <c>waited</c> for room, or <c>other_model</c> was asked; null when this was the last one.
    /// </summary>
    public string? Next { get; init; }

    internal static OutcomeReport? Of(in DecisionOutcome outcome) => outcome.Result is null
        ? null
        : new(
            outcome.Result,
            outcome.Status,
            outcome.FirstChunk < 0 ? null : Math.Round(outcome.FirstChunk, 6),
            outcome.PerChunk < 0 ? null : Math.Round(outcome.PerChunk, 6),
            Stated(outcome.PromptTokens),
            Stated(outcome.CachedTokens),
            Stated(outcome.AnswerTokens))
        {
            Next = outcome.Next,
        };

    private static int? Stated(int tokens) => tokens < 0 ? null : tokens;
}
