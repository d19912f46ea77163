using System.Collections.Immutable;
using System.Globalization;

namespace BlazeGateway.Demo.ModelServer.Faults;

/// <summary>
/// The faults of a simulated model server, written as text: rules with a comma between, each a kind and modifiers with semicolons between.
/// <code>
/// refuse                      stop listening, reset every connection
/// hang=PLACE  rst=PLACE  fin=PLACE  end=PLACE  error=PLACE
/// drip=BYTES/TIME             send BYTES, pause TIME, and so on
/// status=CODE                 answer CODE (400 to 599)
/// loading=TIME                503 on every path for TIME
/// health=fail | health=hang | health=TIME
/// slow=FACTOR                 engine steps FACTOR times as long (0.01 to 1000)
///
/// PLACE      head | after:FRAMES | mid:FRAME | bytes:BYTES
/// TIME       100ms | 2s | 1m
/// modifiers  p=0.2  count=3  skip=10  for=TIME  path=/v1/chat  retry-after=SECONDS (with status)
/// </code>
/// Examples: <c>status=500;p=0.2</c>, <c>rst=after:3;count=1</c>, <c>status=429;retry-after=5,slow=4;for=30s</c>. The first rule that strikes a request wins.
/// </summary>
internal sealed record FaultPlan(ImmutableArray<FaultRule> Rules)
{
    /// <summary>The grammar in a few lines, for command-line help and error answers.</summary>
    public const string Grammar =
        "RULE[,RULE…]; RULE: refuse | hang|rst|fin|end|error=PLACE | drip=BYTES/TIME | status=CODE | loading=TIME | health=fail|hang|TIME | slow=FACTOR, " +
        "then ;p=0.2 ;count=N ;skip=N ;for=TIME ;path=/PREFIX ;retry-after=SECONDS; " +
        "PLACE: head | after:FRAMES | mid:FRAME | bytes:BYTES; TIME: 100ms, 2s, 1m. Example: status=500;p=0.2,rst=after:3;count=1";

    public static FaultPlan None { get; } = new([]);

    /// <summary>Reads a plan. Empty text is <see cref="None"/>.</summary>
    /// <exception cref="FormatException">The text breaks the grammar; the message names the part, the rule and the fix.</exception>
    public static FaultPlan Parse(string text)
    {
        var rules = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return rules.Length == 0 ? None : new FaultPlan([.. rules.Select(ParseRule)]);
    }

    private static FaultRule ParseRule(string text)
    {
        var parts = text.Split(';', StringSplitOptions.TrimEntries);
        var (kind, value) = Split(parts[0]);
        var rule = kind switch
        {
            "refuse" when value.Length == 0 => new FaultRule(FaultKind.Refuse),
            "hang" => Placed(FaultKind.Hang, value, text),
            "rst" => Placed(FaultKind.Reset, value, text),
            "fin" => Placed(FaultKind.Close, value, text),
            "end" => Placed(FaultKind.End, value, text),
            "error" => Placed(FaultKind.Error, value, text),
            "drip" => Drip(value, text),
            "status" => new FaultRule(FaultKind.Status) { Status = Whole(value, 400, 599, "status", text) },
            "loading" => new FaultRule(FaultKind.Loading) { Status = 503, Lasts = Time(value, text) },
            "health" => Health(value, text),
            "slow" => new FaultRule(FaultKind.Slow) { Factor = Fraction(value, 0.01, 1000, "slow", text) },
            _ => throw Bad(text, $"'{parts[0]}' is not a fault; one of refuse, hang, rst, fin, end, error, drip, status, loading, health, slow is"),
        };
        return parts[1..].Aggregate(rule, (r, part) => Modify(r, part, text));
    }

    private static FaultRule Modify(FaultRule rule, string part, string text)
    {
        var (name, value) = Split(part);
        return name switch
        {
            "p" => rule with { Probability = Fraction(value, 0, 1, "p", text) },
            "count" => rule with { Count = Whole(value, 1, int.MaxValue, "count", text) },
            "skip" => rule with { Skip = Whole(value, 0, int.MaxValue, "skip", text) },
            "for" => rule with { Lasts = Time(value, text) },
            "path" when value.StartsWith('/') => rule with { Path = value },
            "path" => throw Bad(text, $"path is '{value}'; it must start with /"),
            "retry-after" when rule.Kind == FaultKind.Status => rule with { RetryAfter = Whole(value, 0, 86400, "retry-after", text) },
            "retry-after" => throw Bad(text, "retry-after goes with status only"),
            _ => throw Bad(text, $"'{part}' is not a modifier; p, count, skip, for, path, retry-after are"),
        };
    }

    private static FaultRule Placed(FaultKind kind, string value, string text)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        var (name, number) = colon < 0 ? (value, "") : (value[..colon], value[(colon + 1)..]);
        return name switch
        {
            "head" when colon < 0 => new FaultRule(kind),
            "after" => new FaultRule(kind) { Place = FaultPlace.After, At = Whole(number, 0, int.MaxValue, "after", text) },
            "mid" => new FaultRule(kind) { Place = FaultPlace.Mid, At = Whole(number, 1, int.MaxValue, "mid", text) },
            "bytes" => new FaultRule(kind) { Place = FaultPlace.Bytes, At = Whole(number, 0, int.MaxValue, "bytes", text) },
            _ => throw Bad(text, $"'{value}' is not a place; head, after:FRAMES, mid:FRAME, bytes:BYTES are"),
        };
    }

    private static FaultRule Drip(string value, string text)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash > 0
            ? new FaultRule(FaultKind.Drip) { At = Whole(value[..slash], 1, int.MaxValue, "drip", text), Pause = Time(value[(slash + 1)..], text) }
            : throw Bad(text, $"drip is '{value}'; write BYTES/TIME, for example 1/100ms");
    }

    private static FaultRule Health(string value, string text) => value switch
    {
        "fail" => new FaultRule(FaultKind.Health) { Status = 503 },
        "hang" => new FaultRule(FaultKind.Health) { Pause = Timeout.InfiniteTimeSpan },
        _ => new FaultRule(FaultKind.Health) { Pause = Time(value, text) },
    };

    private static (string Name, string Value) Split(string part)
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (part, "") : (part[..equals].TrimEnd(), part[(equals + 1)..].TrimStart());
    }

    private static int Whole(string value, int least, int most, string name, string text) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Bad(text, $"{name} is '{value}'; it must be a whole number from {least} to {most}");

    private static double Fraction(string value, double least, double most, string name, string text) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Bad(text, string.Create(CultureInfo.InvariantCulture, $"{name} is '{value}'; it must be a number from {least} to {most}"));

    private static TimeSpan Time(string value, string text)
    {
        var (unit, milliseconds) = value switch
        {
            _ when value.EndsWith("ms", StringComparison.Ordinal) => (2, 1.0),
            _ when value.EndsWith('s') => (1, 1000),
            _ when value.EndsWith('m') => (1, 60_000),
            _ => (0, 0),
        };
        return unit > 0 && double.TryParse(value[..^unit], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number <= 86400
            ? TimeSpan.FromMilliseconds(number * milliseconds)
            : throw Bad(text, $"'{value}' is not a time; write 100ms, 2s or 1m");
    }

    private static FormatException Bad(string rule, string why) => new($"Fault rule '{rule}': {why}.");
}
