using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Observability;

/// <summary>
/// Writes access records as compact JSON lines (the format of Serilog's compact formatter) into buffers that are used again and again: a log event
/// made of objects costs about 3 KB for each request. Used by one thread.
/// </summary>
internal sealed class AccessLines(TextWriter target, TimeProvider time) : IAccessWriter, IDisposable
{
    private const int FlushAt = 32 * 1024;
    private const string Template = "{method} {route} {status} {outcome} {durationMs} ms";

    private static readonly JsonEncodedText[] Outcomes = Names<Outcome>();
    private static readonly JsonEncodedText[] Operations = Names<Operation>();
    private readonly ArrayBufferWriter<byte> _bytes = new(2 * FlushAt);
    private readonly Utf8JsonWriter _json = new(Stream.Null, new JsonWriterOptions { SkipValidation = true });
    private readonly double _millisecondsPerTick = 1000.0 / time.TimestampFrequency;
    private char[] _chars = new char[2 * FlushAt];

    /// <inheritdoc/>
    public void Write(in AccessRecord record)
    {
        _json.Reset(_bytes);
        _json.WriteStartObject();
        WriteHead(record);
        Word("requestId"u8, record.RequestId);
        Word("method"u8, record.Method);
        Word("route"u8, record.Route);
        Client(record);
        Word("cluster"u8, record.Cluster);
        Word("destination"u8, record.Destination);
        Word("strategy"u8, record.Strategy);
        Word("model"u8, record.Model);
        if (record.Model is not null)
        {
            _json.WriteString("operation"u8, Operations[(int)record.Operation]);
            _json.WriteBoolean("stream"u8, record.Stream);
        }

        Number("status"u8, record.StatusCode);
        _json.WriteString("outcome"u8, Outcomes[(int)record.Outcome]);
        Word("error"u8, record.ErrorCode);
        Number("attempts"u8, record.Attempts);
        Milliseconds("durationMs"u8, record.Duration);
        Milliseconds("ttftMs"u8, record.Stream ? record.ToFirstContent : -1);
        Milliseconds("tpotMs"u8, record is { Stream: true, TokensOut: > 1 } ? record.Generation : -1, record.TokensOut - 1);
        Milliseconds("overheadMs"u8, record.BeforeForward < 0 ? -1 : record.BeforeForward - Math.Max(0, record.Queued));
        Milliseconds("queueMs"u8, record.Queued);
        Milliseconds("headersMs"u8, record.ToHeaders);
        Number("bytesIn"u8, record.BytesIn);
        Number("bytesOut"u8, record.BytesOut);
        Number("tokensIn"u8, record.TokensIn);
        Number("tokensOut"u8, record.TokensOut);
        Number("tokensCached"u8, record.TokensCached);
        _json.WriteString("SourceContext"u8, "Access"u8);
        _json.WriteEndObject();
        _json.Flush();
        _bytes.Write("\n"u8);
        if (_bytes.WrittenCount >= FlushAt)
        {
            Flush();
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (_bytes.WrittenCount == 0)
        {
            return;
        }

        if (_chars.Length < _bytes.WrittenCount)
        {
            _chars = new char[_bytes.WrittenCount * 2];
        }

        // One call for whole lines, so that lines of other loggers never stand inside ours.
        var count = Encoding.UTF8.GetChars(_bytes.WrittenSpan, _chars);
        target.Write(_chars, 0, count);
        target.Flush();
        _bytes.ResetWrittenCount();
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    private void WriteHead(in AccessRecord record)
    {
        Span<char> stamp = stackalloc char[40];
        var ended = time.GetUtcNow() - time.GetElapsedTime(record.Started + record.Duration);
        ended.UtcDateTime.TryFormat(stamp, out var length, "O", CultureInfo.InvariantCulture);
        _json.WriteString("@t"u8, stamp[..length]);
        _json.WriteString("@mt"u8, Template);
        if (record.Outcome is Outcome.GatewayError)
        {
            _json.WriteString("@l"u8, "Error"u8);
        }

        Word("@tr"u8, record.TraceId is { Length: 32 } ? record.TraceId : null);
    }

    private void Client(in AccessRecord record)
    {
        if (record.Client is not null || record.ClientHash == 0)
        {
            Word("client"u8, record.Client);
            return;
        }

        Span<char> text = stackalloc char[AccessLogFormatter.AddressClientLength];
        AccessLogFormatter.AddressClient.CopyTo(text);
        record.ClientHash.TryFormat(text[AccessLogFormatter.AddressClient.Length..], out _, "x16", CultureInfo.InvariantCulture);
        _json.WriteString("client"u8, text);
    }

    private void Word(ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            _json.WriteString(name, value);
        }
    }

    private void Number(ReadOnlySpan<byte> name, long value)
    {
        if (value >= 0)
        {
            _json.WriteNumber(name, value);
        }
    }

    private void Milliseconds(ReadOnlySpan<byte> name, long ticks, int divisor = 1)
    {
        if (ticks >= 0)
        {
            _json.WriteNumber(name, Math.Round(ticks * _millisecondsPerTick / divisor, 3));
        }
    }

    private static JsonEncodedText[] Names<T>()
        where T : struct, Enum =>
        [.. Enum.GetNames<T>().Select(name => JsonEncodedText.Encode(JsonNamingPolicy.SnakeCaseLower.ConvertName(name)))];
}
