namespace BlazeGateway.Configuration.Reload;

/// <summary>What is known about the configuration being served and the last attempt to replace it.</summary>
internal sealed record ConfigurationStatus
{
    /// <summary>Whether the last content seen is the one being served.</summary>
    public bool LastReloadSucceeded { get; init; }

    /// <summary>When the configuration being served was taken.</summary>
    public DateTimeOffset LastSuccess { get; init; }

    /// <summary>Counts configurations taken since the start, the first is 1.</summary>
    public int Version { get; init; }

    /// <summary>Keys read at the start only that say something else now than then.</summary>
    public IReadOnlyList<string> NeedsRestart { get; init; } = [];

    /// <summary>Why the last content was refused; warnings of the one being served otherwise.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; init; } = [];
}

/// <summary>How a reload ended.</summary>
internal enum ReloadOutcome
{
    /// <summary>The new configuration is served.</summary>
    Applied,

    /// <summary>The new configuration has errors; the old one is served on.</summary>
    Rejected,

    /// <summary>Nothing differs.</summary>
    Unchanged,
}

/// <summary>What a reload changed, or why it did not, and what is known of the configuration since.</summary>
internal sealed record ReloadResult(
    ReloadOutcome Outcome, ConfigurationStatus Status, IReadOnlyList<ConfigurationChange> Changes, IReadOnlyList<ConfigurationError> Errors);

/// <summary>One difference: <c>added</c>, <c>removed</c> or <c>changed</c>; a <c>route</c>, <c>cluster</c> or <c>destination</c>; its id.</summary>
internal sealed record ConfigurationChange(string Change, string Kind, string Id);
