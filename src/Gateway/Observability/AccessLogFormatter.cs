using System.Diagnostics;
using System.Text.Json;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using Serilog.Events;
using Serilog.Parsing;

namespace BlazeGateway.Observability;

/// <summary>
/// Turns an access record into a log event: names, numbers and codes only. What did not happen is left out of the event.
/// Used by one thread.
/// </summary>
internal sealed class AccessLogFormatter(Serilog.ILogger logger, TimeProvider time) : IAccessWriter
{
    /// <summary>What a client known by its address only is called: this and the keyed hash of the address. No configured name can look like it.</summary>
    public const string AddressClient = "ip:";

    /// <summary>Characters of such a name.</summary>
    public const int AddressClientLength = 19;

    private const int CachedValues = 4096;
    private static readonly MessageTemplate Template = new MessageTemplateParser().Parse("{method} {route} {status} {outcome} {durationMs} ms");
    private static readonly ScalarValue True = new(true);
    private static readonly ScalarValue False = new(false);
    private static readonly ScalarValue[] Outcomes = Names<Outcome>();
    private static readonly ScalarValue[] Operations = Names<Operation>();
    private readonly Dictionary<string, ScalarValue> _words = new(StringComparer.Ordinal);
    private readonly double _millisecondsPerTick = 1000.0 / time.TimestampFrequency;

    /// <inheritdoc/>
    public void Write(in AccessRecord record)
    {
        var level = record.Outcome is Outcome.GatewayError ? LogEventLevel.Error : LogEventLevel.Information;
        if (!logger.IsEnabled(level))
        {
            return;
        }

        var ended = time.GetLocalNow() - time.GetElapsedTime(record.Started + record.Duration);
        var traceId = record.TraceId is { Length: 32 } id ? ActivityTraceId.CreateFromString(id) : default;
        logger.Write(new LogEvent(ended, level, exception: null, Template, Properties(record), traceId, spanId: default));
    }

    /// <inheritdoc/>
    public void Flush()
    {
    }

    private List<LogEventProperty> Properties(in AccessRecord record)
    {
        var properties = new List<LogEventProperty>(27);
        Word(properties, "requestId", record.RequestId, cache: false);
        Word(properties, "method", record.Method);
        Word(properties, "route", record.Route);
        Word(properties, "client", record.Client ?? (record.ClientHash == 0 ? null : AddressClient + record.ClientHash.ToString("x16")), cache: record.Client is not null);
        Word(properties, "cluster", record.Cluster);
        Word(properties, "destination", record.Destination);
        Word(properties, "strategy", record.Strategy);
        Word(properties, "model", record.Model);
        if (record.Model is not null)
        {
            properties.Add(new LogEventProperty("operation", Operations[(int)record.Operation]));
            properties.Add(new LogEventProperty("stream", record.Stream ? True : False));
        }

        Number(properties, "status", record.StatusCode);
        properties.Add(new LogEventProperty("outcome", Outcomes[(int)record.Outcome]));
        Word(properties, "error", record.ErrorCode);
        Number(properties, "attempts", record.Attempts);
        Milliseconds(properties, "durationMs", record.Duration);
        Milliseconds(properties, "ttftMs", record.Stream ? record.ToFirstContent : -1);
        Milliseconds(properties, "tpotMs", record is { Stream: true, TokensOut: > 1 } ? record.Generation : -1, record.TokensOut - 1);
        Milliseconds(properties, "overheadMs", record.BeforeForward < 0 ? -1 : record.BeforeForward - Math.Max(0, record.Queued));
        Milliseconds(properties, "queueMs", record.Queued);
        Milliseconds(properties, "headersMs", record.ToHeaders);
        Number(properties, "bytesIn", record.BytesIn);
        Number(properties, "bytesOut", record.BytesOut);
        Number(properties, "tokensIn", record.TokensIn);
        Number(properties, "tokensOut", record.TokensOut);
        Number(properties, "tokensCached", record.TokensCached);
        return properties;
    }

    private void Word(List<LogEventProperty> properties, string name, string? value, bool cache = true)
    {
        if (value is null)
        {
            return;
        }

        if (!_words.TryGetValue(value, out var scalar))
        {
            scalar = new ScalarValue(value);
            if (cache && _words.Count < CachedValues)
            {
                _words.Add(value, scalar);
            }
        }

        properties.Add(new LogEventProperty(name, scalar));
    }

    private static void Number(List<LogEventProperty> properties, string name, long value)
    {
        if (value >= 0)
        {
            properties.Add(new LogEventProperty(name, new ScalarValue(value)));
        }
    }

    private void Milliseconds(List<LogEventProperty> properties, string name, long ticks, int divisor = 1)
    {
        if (ticks >= 0)
        {
            properties.Add(new LogEventProperty(name, new ScalarValue(Math.Round(ticks * _millisecondsPerTick / divisor, 3))));
        }
    }

    private static ScalarValue[] Names<T>()
        where T : struct, Enum =>
        [.. Enum.GetNames<T>().Select(name => new ScalarValue(JsonNamingPolicy.SnakeCaseLower.ConvertName(name)))];
}
