namespace BlazeGateway.Policies.Destinations;

/// <summary>What is known of a destination's models. Immutable; replaced whole by one reference write.</summary>
internal sealed record DestinationStatus
{
    /// <summary>Before the first question.</summary>
    public static DestinationStatus Unasked { get; } = new();

    /// <summary>How it took the last question.</summary>
    public DestinationAnswer Answer { get; init; }

    /// <summary>Status code of the last answer; 0 when there was none.</summary>
    public int StatusCode { get; init; }

    /// <summary>Models it serves, as last told or as configured. Null: not known, so any model may be sent to it.</summary>
    public ModelSet? Models { get; init; }

    /// <summary>When <see cref="Answer"/> took its value.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Short reason in words, free of secrets; empty when it answers as it should.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Names of the last list left out because they broke the rule for names or the limit on their number.</summary>
    public int Ignored { get; init; }

    /// <summary>Whether a request for <paramref name="model"/> may be sent to it.</summary>
    public bool MayServe(ReadOnlySpan<char> model) => Models is null || Models.Contains(model);
}

/// <summary>A destination took the question for its models another way than before.</summary>
/// <param name="Cluster">Cluster id.</param>
/// <param name="Destination">Destination id.</param>
/// <param name="Address">Address without user or query.</param>
/// <param name="Before">What was known before.</param>
/// <param name="After">What is known now.</param>
internal sealed record DestinationChange(
    string Cluster,
    string Destination,
    string Address,
    DestinationStatus Before,
    DestinationStatus After);
