namespace BlazeGateway.Configuration;

/// <summary>Collects everything wrong with one configuration, so that all of it is reported at once.</summary>
internal sealed class ConfigurationErrors
{
    private readonly List<ConfigurationError> _all = [];

    public IReadOnlyList<ConfigurationError> All => _all;

    public bool Any => _all.Exists(static error => error.Severity == ErrorSeverity.Error);

    public void Add(Place place, KeyPath path, string message, string? suggestion = null) =>
        Add(place, path, message, suggestion, ErrorSeverity.Error);

    public void Warn(Place place, KeyPath path, string message, string? suggestion = null) =>
        Add(place, path, message, suggestion, ErrorSeverity.Warning);

    private void Add(Place place, KeyPath path, string message, string? suggestion, ErrorSeverity severity) =>
        _all.Add(new ConfigurationError
        {
            File = place.File,
            Line = place.Line,
            Column = place.Column,
            Path = path.ToString(),
            Message = message,
            Suggestion = suggestion,
            Severity = severity,
        });
}

/// <summary>A configuration that cannot be used, with every reason.</summary>
internal sealed class InvalidConfigurationException(IReadOnlyList<ConfigurationError> errors)
    : Exception(string.Join(Environment.NewLine, errors.Select(static error => error.ToString())))
{
    /// <summary>All errors and warnings, in the order of the files.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; } = errors;
}
