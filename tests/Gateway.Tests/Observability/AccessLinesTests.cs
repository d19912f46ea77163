using System.Text.Json.Nodes;
using BlazeGateway.Observability;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using Microsoft.Extensions.Time.Testing;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace BlazeGateway.Tests.Observability;

public sealed class AccessLinesTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero));

    private AccessRecord Record(Outcome outcome = Outcome.Ok, string? client = null) => new()
    {
        Client = client,
        ClientHash = 0xfedcba98_00000001,
        Started = _time.GetTimestamp() - _time.TimestampFrequency,
        Duration = _time.TimestampFrequency / 2,
        BeforeForward = _time.TimestampFrequency / 10_000,
        ToHeaders = -1,
        ToFirstContent = _time.TimestampFrequency / 4,
        Generation = _time.TimestampFrequency / 5,
        RequestId = "req-\"1\"\n",
        TraceId = "0af7651916cd43dd8448eb211c80319c",
        Method = "POST",
        Route = "chat <é>",
        Cluster = "llm",
        Destination = "gpu-a",
        Strategy = "RoundRobin",
        Model = "llama",
        Operation = Operation.ChatCompletions,
        Outcome = outcome,
        Stream = true,
        StatusCode = 200,
        Attempts = 1,
        BytesIn = 300,
        BytesOut = 4000,
        TokensIn = 11,
        TokensOut = 21,
        TokensCached = -1,
    };

    [Theory]
    [InlineData(Outcome.Ok, "team-a", "team-a")]
    [InlineData(Outcome.GatewayError, null, "ip:fedcba9800000001")]
    public void Lines_say_what_the_log_events_say(Outcome outcome, string? client, string shown)
    {
        var events = new Events();
        new AccessLogFormatter(new LoggerConfiguration().WriteTo.Sink(events).CreateLogger().ForContext(Constants.SourceContextPropertyName, "Access"), _time).Write(Record(outcome, client));
        using var text = new StringWriter();
        using (var lines = new AccessLines(text, _time))
        {
            lines.Write(Record(outcome, client));
            lines.Flush();
        }

        Assert.EndsWith("}\n", text.ToString(), StringComparison.Ordinal);
        Assert.Equal(shown, (string?)JsonNode.Parse(text.ToString())!["client"]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(events.Json), JsonNode.Parse(text.ToString())), events.Json + text);
    }

    [Fact]
    public void Nothing_is_written_before_the_flush_and_nothing_twice()
    {
        using var text = new StringWriter();
        using var lines = new AccessLines(text, _time);
        lines.Write(Record());
        Assert.Empty(text.ToString());
        lines.Flush();
        lines.Flush();
        Assert.Single(text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Writing_lines_allocates_nothing()
    {
        using var lines = new AccessLines(TextWriter.Null, _time);
        var record = Record();

        // A collection may take pooled arrays away in any one round; what lines themselves cost shows in the best.
        var least = long.MaxValue;
        for (var round = 0; round < 6; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                lines.Write(record);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(least, 0, 1000);
    }

    private sealed class Events : ILogEventSink
    {
        public string Json { get; private set; } = "";

        public void Emit(LogEvent logEvent)
        {
            using var text = new StringWriter();
            new CompactJsonFormatter().Format(logEvent, text);
            Json = text.ToString();
        }
    }
}
