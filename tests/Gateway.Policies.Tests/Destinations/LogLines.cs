using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.Policies.Tests.Destinations;

/// <summary>Keeps the gateway's own log lines.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = [];

    public IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>The lines since the last call.</summary>
    public IReadOnlyList<string> Take()
    {
        var taken = new List<string>();
        while (_lines.TryDequeue(out var line))
        {
            taken.Add(line);
        }

        return taken;
    }

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName.StartsWith("BlazeGateway", StringComparison.Ordinal));

    public void Dispose()
    {
    }

    private sealed class Category(LogLines owner, bool isKept) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => isKept;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (isKept)
            {
                owner._lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
            }
        }
    }
}
