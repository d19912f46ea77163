using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Compact;
using Serilog.Formatting.Display;
using Serilog.Formatting.Json;

namespace BlazeGateway.Observability;

/// <summary>
/// Serilog's compact JSON with the message as a sentence (<c>@m</c>) besides its template (<c>@mt</c>): people read the one, programs group by the other.
/// Serilog's own formatter for that puts every text in quotes and leaves the template out.
/// </summary>
internal sealed class SentenceFormatter : ITextFormatter
{
    private readonly CompactJsonFormatter _compact = new();
    private readonly MessageTemplateTextFormatter _sentence = new("{Message:lj}", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public void Format(LogEvent logEvent, TextWriter output)
    {
        using var line = new StringWriter(CultureInfo.InvariantCulture);
        using var sentence = new StringWriter(CultureInfo.InvariantCulture);
        _compact.Format(logEvent, line);
        _sentence.Format(logEvent, sentence);

        // The time comes first, and holds no comma.
        var text = line.ToString().AsSpan();
        var time = text.IndexOf(',');
        output.Write(text[..time]);
        output.Write(",\"@m\":");
        JsonValueFormatter.WriteQuotedJsonString(sentence.ToString(), output);
        output.Write(text[time..]);
    }
}
