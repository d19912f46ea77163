using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.Tests.Api;

/// <summary>One log event as a structured sink sees it.</summary>
internal sealed record LogEntry(string Category, LogLevel Level, string Text, IReadOnlyDictionary<string, object?> Fields);

/// <summary>Keeps every log event of a host.</summary>
internal sealed class LogRecorder : ILoggerProvider
{
    private readonly ConcurrentQueue<LogEntry> _entries = new();

    public IReadOnlyList<LogEntry> All => [.. _entries];

    public IReadOnlyList<LogEntry> Of(string category) => [.. _entries.Where(entry => entry.Category == category)];

    public ILogger CreateLogger(string categoryName) => new CategoryLogger(categoryName, _entries);

    public void Dispose()
    {
    }

    private sealed class CategoryLogger(string category, ConcurrentQueue<LogEntry> entries) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            entries.Enqueue(new LogEntry(
                category,
                logLevel,
                formatter(state, exception),
                (state as IReadOnlyList<KeyValuePair<string, object?>> ?? []).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal)));
    }
}
