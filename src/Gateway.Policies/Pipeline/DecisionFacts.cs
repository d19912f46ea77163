using System.Globalization;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.Resilience;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>What the pipeline knows of a decision: for whom it was made, and what came of it.</summary>
internal static class DecisionFacts
{
    /// <summary>Says what the decision of the pick at hand was made for, and what the strategy thought of it.</summary>
    public static void Describe(ref Decision decision, RequestContext context, ClusterPlan plan, long at)
    {
        ref var record = ref context.Record;
        ref var note = ref context.Note;
        decision.At = at;
        (decision.Came, decision.Attempt) = (record.Started, record.Attempts + 1);
        decision.Names = new DecisionNames(record.RequestId, record.Route, plan.ClusterId, record.Model, plan.Policy.Name);
        decision.PromptTokens = context.Work.PromptTokens;
        decision.AnswerTokens = context.Work.OutputTokens;
        decision.Mark(context.Prefix);
        decision.Arm = note.IsKept ? note.Arm : -1;
        decision.Reason = note.Reason;
        decision.Propensity = note.Propensity;
        decision.Predicted = note.Predicted;
        decision.Best = note.Best;
    }

    /// <summary>Another pick is made. What was decided before and led to no attempt had the request wait, or go on to another model.</summary>
    public static void Follow(RequestContext context)
    {
        if (context.Decided.Slot is not null)
        {
            context.Decided.Settle(DecisionOutcome.Followed("not_picked", 0, context.Waiting is null ? "other_model" : "waited"));
            context.Decided = default;
        }
    }

    /// <summary>Tells the decision what came of it. The record of the request is complete by then.</summary>
    public static void Settle(RequestContext context)
    {
        if (context.Decided.Slot is null)
        {
            return;
        }

        ref var record = ref context.Record;
        var chunks = context.Scanner.ContentChunks;
        var first = record.ToFirstContent < 0 ? -1 : Seconds(context, record.ToFirstContent - record.BeforeForward);
        var apart = record.Generation > 0 && chunks > 1 ? Seconds(context, record.Generation) / (chunks - 1) : -1;
        context.Decided.Settle(new DecisionOutcome(MetricLabels.OutcomeName(record.Outcome), record.StatusCode, first, apart)
        {
            PromptTokens = record.TokensIn,
            CachedTokens = record.TokensCached,
            AnswerTokens = record.TokensOut,
        });
    }

    /// <summary>The decision in a line, such as <c>Adaptive/Model d3 of 8; predicted 0.21 s; best 0.21 s</c>, after the attempts before it, such as <c>d1 rate_limited; </c>.</summary>
    public static string Text(RequestContext context) => context.History.Tried.Count == 0
        ? Last(context)
        : string.Concat(context.History.Tried.Zip(context.History.Causes, static (tried, cause) => $"{tried.DestinationId} {cause.Name()}; ")) + Last(context);

    private static string Last(RequestContext context)
    {
        ref var note = ref context.Note;
        var arm = note.IsKept ? "/" + AdaptiveArms.Names[note.Arm] : "";
        var among = note.Among > 0 ? string.Create(CultureInfo.InvariantCulture, $" of {note.Among}") : "";
        var predicted = note is { IsKept: true, Predicted: > 0 }
            ? string.Create(CultureInfo.InvariantCulture, $"; predicted {note.Predicted:0.0##} s; best {note.Best:0.0##} s")
            : "";
        return $"{context.Record.Strategy}{arm} {context.Destination!.DestinationId}{among}{predicted}{(note.IsKept && note.Reason != PickReason.Cheap ? "; " + DecisionReport.Name(note.Reason) : "")}";
    }

    private static double Seconds(RequestContext context, long ticks) => context.Time.GetElapsedTime(0, ticks).TotalSeconds;
}
