using System.Globalization;
using System.Text;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Selection;
using BlazeGateway.Policies.LoadBalancing.Decisions;

namespace BlazeGateway.CommandLine;

/// <summary>A decision in words and a table, for people.</summary>
internal static class DecisionText
{
    private static readonly string[] Columns = ["destination", "in flight", "prefill tokens", "own tokens", "predicted", "cost"];

    /// <summary>The whole of it, in lines.</summary>
    public static string Of(DecisionReport decision)
    {
        var text = new StringBuilder();
        Line(text, "request", decision.RequestId);
        if (decision.Earlier is not { Count: > 0 } earlier)
        {
            Write(text, decision);
            return text.ToString();
        }

        IReadOnlyList<DecisionReport> all = [.. earlier, decision];
        Line(text, "went to", string.Join(", ", all.Select(static made => made.Outcome?.Next is { } next ? $"{made.Destination ?? "none"} ({next})" : made.Destination ?? "none")));
        foreach (var made in all)
        {
            text.AppendLine();
            Line(text, "attempt", Format($"{made.Attempt}{(made.Destination is null ? ", not made" : "")}"));
            Write(text, made);
        }

        return text.ToString();
    }

    private static void Write(StringBuilder text, DecisionReport decision)
    {
        Line(text, "time", decision.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        Line(text, "route", $"{decision.Route}, cluster {decision.Cluster}");
        Line(text, "model", decision.Model);
        Line(text, "strategy", decision.Strategy + (decision.Arm is null ? "" : "/" + decision.Arm));
        Line(text, "destination", decision.Destination ?? "none");
        Line(text, "why", Why(decision));
        Line(text, "prompt", decision.PromptTokens is { } prompt
            ? Format($"{prompt} tokens estimated, {decision.AnswerTokens} for the answer{(decision.PrefixBlocks > 0 ? Format($"; {decision.PrefixBlocks} blocks of its beginning known") : "")}")
            : null);
        Line(text, "outcome", Outcome(decision));
        if (decision.Candidates.Count > 0)
        {
            text.AppendLine();
            Table(text, decision);
        }
    }

    /// <summary>Why it was this one, in a sentence.</summary>
    internal static string Why(DecisionReport decision)
    {
        var left = string.Join(", ", decision.Candidates.Where(static candidate => candidate.PassedOver is not null).Select(static candidate => $"{candidate.Destination} ({candidate.PassedOver})"));
        var why = Chosen(decision, decision.Candidates.Count(static candidate => candidate.PassedOver is null) + decision.MoreCandidates);
        return left.Length == 0 ? why : $"{why}; passed over: {left}";
    }

    private static string Chosen(DecisionReport decision, int many)
    {
        if (decision.Destination is not { } picked)
        {
            return many == 0 ? "no destination was available" : Format($"none of {many} had a weight and room");
        }

        if (decision.By == "trial")
        {
            return $"{picked} is half-open, and this is the one request that tries whether it is well again";
        }

        var bound = decision.By == "affinity" ? "session affinity bound the request; " : "";
        if (many == 1)
        {
            return bound + $"{picked} was the only candidate";
        }

        return bound + (decision.Reason == "held_out" ? Format($"held out: power of two picked among {many}, to compare the cost model with (chance {decision.Propensity:0.####})")
            : decision.Reason == "cold" ? Format($"too few answers to go by yet: power of two picked among {many}")
            : decision.Reason == "untrusted" ? "the cost model is left out for now; " + ByArm(decision, decision.Arm!, many)
            : decision.Arm == "Model" ? Format($"the cost model predicted the least cost, {decision.BestCost:0.###} s, among {many}")
            : decision.Arm is { } arm ? ByArm(decision, arm, many)
            : Rule(decision, many));
    }

    private static string ByArm(DecisionReport decision, string arm, int many)
    {
        var chosen = decision.Candidates.FirstOrDefault(candidate => candidate.Destination == decision.Destination)?.Cost;
        var dearer = chosen is { } cost && decision.BestCost is { } best && cost > 1.05 * best
            ? Format($"; it was said to cost {cost:0.###} s where {best:0.###} s was the least")
            : "";
        return Format($"{arm} picked among {many}{dearer}{(decision.Propensity < 1 ? Format($", tried by chance {decision.Propensity:0.####}") : "")}");
    }

    private static string Rule(DecisionReport decision, int many) => decision.Strategy switch
    {
        Strategies.LeastConnections or Strategies.LeastRequests or Strategies.LeastResponseTime or Strategies.LeastLoaded when many > LeastScan.MostDestinations =>
            Format($"the better of two drawn from {many}, too many to look at each"),
        Strategies.ConsistentHash when decision.Rule == "next_in_line" => Format($"where the request's key belongs there is no room, or more than its part: the next in line among {many}"),
        Strategies.ConsistentHash when decision.Rule == "no_key" => Format($"the request has none of the keys in Hash:Keys: the fewest requests in flight for its weight among {many}"),
        Strategies.LeastConnections or Strategies.LeastRequests => Format($"the fewest requests in flight for its weight among {many}"),
        Strategies.LeastResponseTime => Format($"the least time to the first chunk, times what is in flight, among {many}"),
        Strategies.LeastLoaded => Format($"the least load, as reported and sent since, among {many}"),
        Strategies.PowerOfTwoChoices => Format($"the better of two drawn from {many}"),
        Strategies.RoundRobin or Strategies.WeightedRoundRobin => Format($"it was its turn among {many}"),
        Strategies.ConsistentHash => Format($"the request's key belongs there, among {many}"),
        _ => many > 0 ? Format($"{decision.Strategy} picked among {many}") : $"{decision.Strategy} picked it; what it compared is not known",
    };

    private static string Outcome(DecisionReport decision)
    {
        if (decision.Outcome is not { } outcome)
        {
            return "not ended yet";
        }

        var first = outcome.FirstChunkSeconds is { } seconds ? Format($"; first chunk after {seconds:0.###} s") : "";
        var predicted = first.Length > 0 && decision.PredictedSeconds is { } expected ? Format($" ({expected:0.###} s predicted)") : "";
        var apart = outcome.SecondsPerChunk is { } chunk ? Format($", chunks {chunk:0.####} s apart") : "";
        var tokens = outcome.PromptTokens is { } prompt ? Format($"; {prompt} prompt tokens{(outcome.CachedTokens is { } cached ? Format($", {cached} of them cached") : "")}") : "";
        var status = outcome.Status == 0 ? "" : Format($", status {outcome.Status}");
        var answer = outcome.AnswerTokens is { } count ? Format($", {count} in the answer") : "";
        return $"{outcome.Result}{status}{first}{predicted}{apart}{tokens}{answer}{(outcome.Next is { } next ? "; " + Next(next) : "")}";
    }

    /// <summary>Why another pick was made, in words.</summary>
    private static string Next(string cause) => cause switch
    {
        "not_connected" => "another was asked because there was no connection",
        "not_processed" => "another was asked because it did not begin with the request",
        "broken" => "another was asked because its connection or answer broke off",
        "status" => "another was asked because it answered 502, 503 or 504",
        "rate_limited" => "another was asked because it answered 429",
        "ejected" => "another was asked because it was taken out meanwhile",
        "waited" => "the request waited for room",
        "other_model" => "another model was asked",
        _ => "another was asked: " + cause,
    };

    private static void Table(StringBuilder text, DecisionReport decision)
    {
        string[][] rows =
        [
            Columns,
            .. decision.Candidates.OrderBy(static candidate => candidate.Cost ?? double.MaxValue).Select(candidate => (string[])
            [
                candidate.Destination + (candidate.Destination == decision.Destination ? " *" : ""),
                Format($"{candidate.InFlight}"),
                Format($"{candidate.PrefillTokens}"),
                candidate.OwnTokens is { } own ? Format($"{own}") : "",
                candidate.PredictedSeconds is { } seconds ? Format($"{seconds:0.###} s") : "",
                candidate.PassedOver is { } left ? left : candidate.IsFull ? "full" : candidate.Cost is { } cost ? Format($"{cost:0.###}") : "",
            ]),
        ];
        var used = Enumerable.Range(0, Columns.Length).Where(column => rows.Skip(1).Any(row => row[column].Length > 0)).ToArray();
        var widths = Array.ConvertAll(used, column => rows.Max(row => row[column].Length));
        foreach (var row in rows)
        {
            var cells = used.Select((column, place) => place == 0 ? row[column].PadRight(widths[place]) : row[column].PadLeft(widths[place]));
            text.AppendLine(string.Join("  ", cells).TrimEnd());
        }

        if (decision.MoreCandidates > 0)
        {
            text.AppendLine(Format($"and {decision.MoreCandidates} more"));
        }
    }

    private static void Line(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            text.AppendLine($"{name,-13} {value}");
        }
    }

    private static string Format(FormattableString text) => FormattableString.Invariant(text);
}
