using BlazeGateway.CommandLine;
using BlazeGateway.Configuration.Reload;
using BlazeGateway.Observability;
using BlazeGateway.Policies.Pipeline;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Tests.Observability;

public class RunTallyTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<AccessRecord> _logged = [];

    private RunTally Create() => new(new ListLog(_logged), _time);

    private AccessRecord Record(Outcome outcome = Outcome.Ok, double firstTokenMs = -1, int attempts = 1, int tokensIn = -1, int tokensOut = -1) => new()
    {
        Outcome = outcome,
        Attempts = attempts,
        TokensIn = tokensIn,
        TokensOut = tokensOut,
        Stream = firstTokenMs >= 0,
        ToFirstContent = firstTokenMs >= 0 ? (long)(firstTokenMs * _time.TimestampFrequency / 1000) : -1,
    };

    [Fact]
    public void It_passes_every_record_on_and_counts_it()
    {
        using var tally = Create();
        tally.Write(Record(tokensIn: 10, tokensOut: 20));
        tally.Write(Record(attempts: 2, tokensIn: 5, tokensOut: 7));
        tally.Write(Record(Outcome.NoBackend, attempts: 0));

        Assert.Equal((3, 2, 1, 3), (tally.Requests, tally.Ended(Outcome.Ok), tally.Ended(Outcome.NoBackend), tally.Attempts));
        Assert.Equal((15, 27, 0), (tally.TokensIn, tally.TokensOut, tally.Streams));
        Assert.Equal(3, _logged.Count);
    }

    [Fact]
    public void First_tokens_are_told_within_a_hundredth()
    {
        using var tally = Create();
        for (var i = 1; i <= 1000; i++)
        {
            tally.Write(Record(firstTokenMs: i));
            tally.Write(Record(Outcome.StreamBroken, firstTokenMs: 10_000));
        }

        Assert.Equal(1000, tally.Streams);
        Assert.InRange(tally.FirstToken(50).TotalMilliseconds, 495, 505);
        Assert.InRange(tally.FirstToken(95).TotalMilliseconds, 940, 960);
    }

    [Fact]
    public void The_summary_has_six_lines()
    {
        using var tally = Create();
        tally.Write(Record(firstTokenMs: 40, tokensIn: 10, tokensOut: 20));
        tally.Write(Record(Outcome.ClientError, attempts: 0));
        _time.Advance(TimeSpan.FromSeconds(3723.9));

        Assert.Equal(
            [
                "BlazeGateway stopped after 01:02:03",
                "  requests     2: 1 ok, 1 client_error",
                "  first token  p50 40 ms, p95 40 ms, of 1 streams",
                "  tokens       10 in, 20 out",
                "  attempts     1 on destinations",
                "  config       version 3, a newer one was refused",
            ],
            RunSummary.Write(tally, new ConfigurationStatus { Version = 3, LastReloadSucceeded = false }).Split(Environment.NewLine));
    }

    [Fact]
    public void A_run_without_requests_is_summed_up_too()
    {
        using var tally = Create();

        var lines = RunSummary.Write(tally, new ConfigurationStatus { Version = 1, LastReloadSucceeded = true }).Split(Environment.NewLine);

        Assert.Equal(("  requests     0", "  first token  no stream had content"), (lines[1], lines[2]));
    }

    [Fact]
    public void Writing_allocates_nothing()
    {
        using var tally = new RunTally(new NoLog(), _time);
        var record = Record(firstTokenMs: 12, tokensIn: 3, tokensOut: 4);
        tally.Write(record);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            tally.Write(record);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private sealed class ListLog(List<AccessRecord> records) : IAccessLog
    {
        public void Write(in AccessRecord record) => records.Add(record);
    }

    private sealed class NoLog : IAccessLog
    {
        public void Write(in AccessRecord record)
        {
        }
    }
}
