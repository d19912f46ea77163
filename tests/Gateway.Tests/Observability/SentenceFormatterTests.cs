using System.Text.Json;
using BlazeGateway.Observability;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace BlazeGateway.Tests.Observability;

public class SentenceFormatterTests
{
    [Fact]
    public void A_line_holds_the_sentence_its_template_and_its_values()
    {
        var line = Line(log => log.Warning("Destination '{Destination}' answers {Status} to \"{Path}\".", "gpu-a,b", 401, "/v1"));
        Assert.StartsWith("{\"@t\":\"", line, StringComparison.Ordinal);
        Assert.EndsWith("}" + Environment.NewLine, line, StringComparison.Ordinal);
        var json = JsonDocument.Parse(line).RootElement;
        Assert.Equal("Destination 'gpu-a,b' answers 401 to \"/v1\".", json.GetProperty("@m").GetString());
        Assert.Equal("Destination '{Destination}' answers {Status} to \"{Path}\".", json.GetProperty("@mt").GetString());
        Assert.Equal(("Warning", "gpu-a,b", 401), (json.GetProperty("@l").GetString(), json.GetProperty("Destination").GetString(), json.GetProperty("Status").GetInt32()));
    }

    [Fact]
    public void Line_breaks_and_exceptions_stay_within_one_line()
    {
        var line = Line(log => log.Error(new InvalidOperationException("a\nb"), "It says {Words}", "one\r\ntwo\t\u0001"));
        Assert.Equal(1, line.Count(static c => c == '\n'));
        var json = JsonDocument.Parse(line).RootElement;
        Assert.Equal("It says one\r\ntwo\t\u0001", json.GetProperty("@m").GetString());
        Assert.Contains("a\nb", json.GetProperty("@x").GetString(), StringComparison.Ordinal);
    }

    private static string Line(Action<Serilog.ILogger> write)
    {
        var lines = new Lines();
        using (var logger = new LoggerConfiguration().WriteTo.Sink(lines).CreateLogger())
        {
            write(logger);
        }

        return lines.Text;
    }

    private sealed class Lines : ILogEventSink
    {
        public string Text { get; private set; } = "";

        public void Emit(LogEvent logEvent)
        {
            using var text = new StringWriter();
            new SentenceFormatter().Format(logEvent, text);
            Text += text.ToString();
        }
    }
}
