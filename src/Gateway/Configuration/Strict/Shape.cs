using System.Globalization;
using System.Text.RegularExpressions;

namespace BlazeGateway.Configuration.Strict;

/// <summary>What may stand at one place of a configuration. The strict check and the JSON schema are both made from it, so they cannot differ.</summary>
internal abstract class Shape;

/// <summary>A member of an object.</summary>
internal sealed record ShapeMember(string Name, Shape Shape)
{
    /// <summary>Whether leaving it out is an error.</summary>
    public bool Required { get; init; }

    /// <summary>Name of the .NET property, as documentation files write it; null when there is none.</summary>
    public string? DocumentationId { get; init; }

    /// <summary>One sentence, used when there is no documentation file.</summary>
    public string? Description { get; init; }
}

/// <summary>An object with known members.</summary>
internal sealed class ObjectShape(IEnumerable<ShapeMember> members) : Shape
{
    public IReadOnlyDictionary<string, ShapeMember> Members { get; } = members.ToDictionary(static member => member.Name, StringComparer.OrdinalIgnoreCase);
}

/// <summary>An object whose keys are names the user chooses.</summary>
internal sealed class MapShape(Shape value, bool caseSensitive = false, bool identifiers = false) : Shape
{
    /// <summary>What an identifier may look like: it appears in labels, headers and addresses of the API.</summary>
    public const string IdentifierPattern = "^[A-Za-z0-9._-]{1,64}$";

    /// <summary>Whether <paramref name="key"/> is one. Not by the pattern, whose end .NET also finds in front of a last line break.</summary>
    public static bool IsIdentifier(string key) =>
        key.Length is >= 1 and <= 64 && key.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    public Shape Value { get; } = value;

    public bool CaseSensitive { get; } = caseSensitive;

    public bool Identifiers { get; } = identifiers;
}

/// <summary>An array.</summary>
internal sealed class ListShape(Shape item) : Shape
{
    public Shape Item { get; } = item;
}

/// <summary>Anything: belongs to a library with a format of its own.</summary>
internal sealed class AnyShape : Shape;

/// <summary>Kinds of scalars.</summary>
internal enum ScalarKind
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number.</summary>
    Number,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A time span, <c>d.hh:mm:ss.fff</c>.</summary>
    Duration,

    /// <summary>A date and time with its zone.</summary>
    Moment,
}

/// <summary>A single value with its rule.</summary>
internal sealed class ScalarShape(ScalarKind kind) : Shape
{
    public const string DurationPattern = @"^-?(\d{1,8}\.)?([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,7})?$";
    public const string UnsignedDurationPattern = @"^(\d{1,7}\.)?([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,7})?$";
    public const string PositiveDurationPattern = @"^(?!(0+\.)?00:00:00(\.0+)?$)(\d{1,7}\.)?([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,7})?$";

    public const string MomentPattern = @"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?(Z|[+-]\d{2}:\d{2})$";

    public ScalarKind Kind { get; } = kind;

    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    /// <summary>Shortest time.</summary>
    public TimeSpan? Shortest { get; init; }

    /// <summary>Longest time.</summary>
    public TimeSpan? Longest { get; init; }

    public int? MinLength { get; init; }

    public int? MaxLength { get; init; }

    public string? Pattern { get; init; }

    /// <summary>What <see cref="Pattern"/> means, with an example; null leaves it to speak for itself.</summary>
    public string? PatternRule { get; init; }

    /// <summary>Whether it must be an absolute address.</summary>
    public bool IsAddress { get; init; }

    public IReadOnlyList<string>? Values { get; init; }

    /// <summary>Whether the value may be a reference, whose rule is checked once it is known. Text that is chosen from a list is not.</summary>
    public bool MayRefer => Kind == ScalarKind.Text && Values is null;

    public string Rule => Kind switch
    {
        ScalarKind.Boolean => "it must be true or false",
        ScalarKind.Integer => "it must be a whole number" + Range(" "),
        ScalarKind.Number => "it must be a number" + Range(" "),
        ScalarKind.Duration when Longest is not null => $"it must be a time {(Shortest is { } least ? $"from {least} to" : "of at most")} {Longest}, written \"hh:mm:ss\" or \"d.hh:mm:ss.fff\"",
        ScalarKind.Duration when Pattern == PositiveDurationPattern => "it must be a time longer than zero, written \"hh:mm:ss\" or \"d.hh:mm:ss.fff\"",
        ScalarKind.Duration => "it must be a time, written \"hh:mm:ss\" or \"d.hh:mm:ss.fff\"",
        ScalarKind.Moment => "it must be a date and time with its zone, such as \"2027-01-31T00:00:00Z\"",
        _ when Values is not null => $"it must be one of {string.Join(", ", Values)}",
        _ when MaxLength is not null => $"it must have {MinLength ?? 0} to {MaxLength} characters",
        _ when IsAddress => "it must be an address such as http://127.0.0.1:8080",
        _ when Pattern is not null => PatternRule ?? $"it must match {Pattern}",
        _ => "it must not be empty",
    };

    /// <summary>Whether <paramref name="value"/> keeps the rule.</summary>
    public bool Accepts(string value) => Kind switch
    {
        ScalarKind.Boolean => bool.TryParse(value, out _),
        ScalarKind.Integer => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) && InRange(whole),
        ScalarKind.Number => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && InRange(number),
        ScalarKind.Duration => Matches(value) && TimeSpan.TryParseExact(value, "c", CultureInfo.InvariantCulture, out var span)
            && span >= (Shortest ?? TimeSpan.MinValue) && span <= (Longest ?? TimeSpan.MaxValue),
        ScalarKind.Moment => Matches(value) && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out _),
        _ when Values is not null => Values.Contains(value, StringComparer.OrdinalIgnoreCase),
        _ => value.Length >= (MinLength ?? 0) && value.Length <= (MaxLength ?? int.MaxValue) && Matches(value)
            && (!IsAddress || Uri.TryCreate(value, UriKind.Absolute, out _)),
    };

    private bool InRange(double value) => value >= (Minimum ?? double.MinValue) && value <= (Maximum ?? double.MaxValue);

    // The patterns are our own and linear. A limit in time would refuse a good configuration on a busy machine.
    private bool Matches(string value) => Pattern is null
        || (!value.EndsWith('\n') && Regex.IsMatch(value, Pattern, RegexOptions.CultureInvariant | RegexOptions.ECMAScript, Regex.InfiniteMatchTimeout));

    private string Range(string before) => (Minimum, Maximum) switch
    {
        (null, null) => "",
        (not null, null) => string.Create(CultureInfo.InvariantCulture, $"{before}of at least {Minimum:#,0.####}"),
        (null, not null) => string.Create(CultureInfo.InvariantCulture, $"{before}of at most {Maximum:#,0.####}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{before}between {Minimum:#,0.####} and {Maximum:#,0.####}"),
    };
}
