using System.Text;
using System.Text.Json;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Observability;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace BlazeGateway.Tests.Observability;

public class AccessLogTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero));
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly Lines _lines = new();

    private AccessLog Create(AccessLogOptions? options = null) =>
        new(options ?? new(), new AccessLogFormatter(new LoggerConfiguration().WriteTo.Sink(_lines).CreateLogger().ForContext(Constants.SourceContextPropertyName, "Access"), _time), _registry);

    private AccessRecord Record() => new()
    {
        Started = _time.GetTimestamp() - _time.TimestampFrequency,
        Duration = _time.TimestampFrequency / 2,
        BeforeForward = _time.TimestampFrequency / 10_000,
        ToHeaders = -1,
        ToFirstContent = _time.TimestampFrequency / 4,
        Generation = _time.TimestampFrequency / 5,
        Pick = -1,
        RequestId = "req-1",
        TraceId = "0af7651916cd43dd8448eb211c80319c",
        Method = "POST",
        Route = "chat",
        Client = "team-a",
        ClientHash = 7,
        Cluster = "llm",
        Destination = "gpu-a",
        Strategy = "RoundRobin",
        Model = "llama",
        Operation = Operation.ChatCompletions,
        Outcome = Outcome.Ok,
        Stream = true,
        StatusCode = 200,
        Attempts = 1,
        BytesIn = 300,
        BytesOut = 4000,
        TokensIn = 11,
        TokensOut = 21,
        TokensCached = -1,
    };

    [Fact]
    public void One_event_tells_the_whole_request()
    {
        using (var log = Create())
        {
            log.Write(Record());
        }

        var entry = JsonDocument.Parse(Assert.Single(_lines.Json)).RootElement;
        Assert.Equal("2026-05-04T11:59:59.5000000Z", entry.GetProperty("@t").GetString());
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", entry.GetProperty("@tr").GetString());
        Assert.Equal("req-1", entry.GetProperty("requestId").GetString());
        Assert.Equal("Access", entry.GetProperty("SourceContext").GetString());
        Assert.Equal("team-a", entry.GetProperty("client").GetString());
        Assert.Equal("chat_completions", entry.GetProperty("operation").GetString());
        Assert.Equal("ok", entry.GetProperty("outcome").GetString());
        Assert.Equal(200, entry.GetProperty("status").GetInt32());
        Assert.Equal(500, entry.GetProperty("durationMs").GetDouble());
        Assert.Equal(250, entry.GetProperty("ttftMs").GetDouble());
        Assert.Equal(10, entry.GetProperty("tpotMs").GetDouble());
        Assert.Equal(0.1, entry.GetProperty("overheadMs").GetDouble());
        Assert.Equal(21, entry.GetProperty("tokensOut").GetInt32());
        Assert.False(entry.TryGetProperty("headersMs", out _));
        Assert.False(entry.TryGetProperty("tokensCached", out _));
        Assert.False(entry.TryGetProperty("error", out _));
    }

    [Fact]
    public void A_request_without_model_or_destination_leaves_them_out()
    {
        using (var log = Create())
        {
            log.Write(new AccessRecord { RequestId = "x", Method = "GET", Route = "unmatched", StatusCode = 404, Outcome = Outcome.ClientError, ErrorCode = "route_not_found", ToFirstContent = -1, BeforeForward = -1, ToHeaders = -1 });
        }

        var entry = JsonDocument.Parse(Assert.Single(_lines.Json)).RootElement;
        Assert.Equal("client_error", entry.GetProperty("outcome").GetString());
        Assert.Equal("route_not_found", entry.GetProperty("error").GetString());
        Assert.All(["client", "model", "operation", "stream", "cluster", "destination", "ttftMs", "tpotMs"], name => Assert.False(entry.TryGetProperty(name, out _), name));
    }

    [Fact]
    public void A_trace_id_of_another_shape_is_left_out()
    {
        using (var log = Create())
        {
            log.Write(Record() with { TraceId = "nonsense" });
        }

        Assert.False(JsonDocument.Parse(Assert.Single(_lines.Json)).RootElement.TryGetProperty("@tr", out _));
    }

    [Fact]
    public void Stopping_writes_what_is_queued()
    {
        using (var log = Create())
        {
            for (var i = 0; i < 1000; i++)
            {
                log.Write(Record());
            }
        }

        Assert.Equal(1000, _lines.Json.Count);
    }

    [Fact]
    public async Task A_full_queue_drops_and_counts_and_never_waits()
    {
        using (_lines.Hold())
        using (var log = Create(new AccessLogOptions { QueueLength = 4 }))
        {
            log.Write(Record());
            await _lines.Entered.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
            for (var i = 0; i < 4; i++)
            {
                log.Write(Record());
            }

            Assert.Equal(0, await DroppedAsync());
            log.Write(Record());
            log.Write(Record());
            Assert.Equal(2, await DroppedAsync());
            _lines.Release();
        }

        Assert.Equal(5, _lines.Json.Count);
    }

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(0.25, 250)]
    [InlineData(1.0, 1000)]
    public void Successes_are_sampled_evenly(double ratio, int expected)
    {
        using (var log = Create(new AccessLogOptions { SampleRatio = ratio }))
        {
            for (var i = 0; i < 1000; i++)
            {
                log.Write(Record());
            }
        }

        Assert.InRange(_lines.Json.Count, expected - 2, expected + 2);
    }

    [Fact]
    public void Failures_are_always_logged()
    {
        using (var log = Create(new AccessLogOptions { SampleRatio = 0 }))
        {
            log.Write(Record() with { Outcome = Outcome.BackendError, StatusCode = 502 });
        }

        Assert.Single(_lines.Json);
    }

    [Fact]
    public void Disabled_it_writes_nothing_and_has_no_thread()
    {
        using (var log = Create(new AccessLogOptions { Enabled = false }))
        {
            log.Write(Record());
            Assert.False(log.IsRunning);
        }

        Assert.Empty(_lines.Json);
    }

    [Fact]
    public void Nothing_is_allocated_on_the_requests_thread()
    {
        using var log = Create(new AccessLogOptions { QueueLength = 512, SampleRatio = 0.999 });
        var record = Record();

        // The first round takes every way for the first time, that of a full queue too.
        for (var round = 0; ; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 2000; i++)
            {
                log.Write(record);
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (round == 2)
            {
                Assert.Equal(0, allocated);
                return;
            }
        }
    }

    private async Task<int> DroppedAsync()
    {
        using var stream = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(stream);
        var line = Encoding.UTF8.GetString(stream.ToArray()).Split('\n').Single(line => line.StartsWith("blaze_access_log_dropped_total ", StringComparison.Ordinal));
        return int.Parse(line.Split(' ')[1]);
    }

    private sealed class Lines : ILogEventSink
    {
        private volatile TaskCompletionSource _gate = Open();

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<string> Json { get; } = [];

        public IDisposable Hold()
        {
            _gate = new TaskCompletionSource();
            return new Releaser(this);
        }

        public void Release() => _gate.TrySetResult();

        public void Emit(LogEvent logEvent)
        {
            Entered.TrySetResult();
            _gate.Task.Wait();
            using var writer = new StringWriter();
            new CompactJsonFormatter().Format(logEvent, writer);
            Json.Add(writer.ToString());
        }

        private static TaskCompletionSource Open()
        {
            var gate = new TaskCompletionSource();
            gate.SetResult();
            return gate;
        }

        private sealed class Releaser(Lines lines) : IDisposable
        {
            public void Dispose() => lines.Release();
        }
    }
}
