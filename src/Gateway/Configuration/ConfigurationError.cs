namespace BlazeGateway.Configuration;

/// <summary>Where a key or value was written. Line and column count from 1; 0 means the source has no lines (an environment variable).</summary>
internal readonly record struct Place(string File, int Line, int Column)
{
    public override string ToString() => Line == 0 ? File : $"{File}:{Line}:{Column}";
}

/// <summary>Whether a finding stops the configuration from being used.</summary>
internal enum ErrorSeverity
{
    /// <summary>Works, but is probably not meant so.</summary>
    Warning,

    /// <summary>The configuration is refused.</summary>
    Error,
}

/// <summary>One thing wrong with a configuration: where, which key, what rule, and what to write instead.</summary>
internal sealed record ConfigurationError
{
    /// <summary>File, or the name of the variable or option the value came from.</summary>
    public required string File { get; init; }

    /// <summary>Line from 1; 0 when the source has no lines.</summary>
    public required int Line { get; init; }

    /// <summary>Column from 1, in characters; 0 when the source has no lines.</summary>
    public required int Column { get; init; }

    /// <summary>JSON path of the key, for example <c>$.ReverseProxy.Routes.chat.ClusterId</c>.</summary>
    public required string Path { get; init; }

    /// <summary>What is wrong, with the value and the rule.</summary>
    public required string Message { get; init; }

    /// <summary>The key or value probably meant. Default: null.</summary>
    public string? Suggestion { get; init; }

    /// <summary>Default: the configuration is refused.</summary>
    public ErrorSeverity Severity { get; init; } = ErrorSeverity.Error;

    /// <summary>The line compilers print, so that editors and terminals make it a link.</summary>
    public override string ToString()
    {
        var severity = Severity == ErrorSeverity.Warning ? "warning: " : "";
        var suggestion = Suggestion is null ? "" : $"  did you mean '{Suggestion}'?";
        return $"{new Place(File, Line, Column)} {severity}{Message}{suggestion}  ({Path})";
    }
}
