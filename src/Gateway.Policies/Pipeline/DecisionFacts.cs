using System.Globalization;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;

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

    /// <summary>The decision in a line, such as <c>Adaptive/Model d3 of 8; predicted 0.21 s; best 0.21 s</c>.</summary>
    public static string Text(RequestContext context)
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
