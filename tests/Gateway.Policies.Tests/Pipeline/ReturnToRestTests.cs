using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What the one who asked sees at the end.</summary>
internal enum Sight
{
    /// <summary>Nothing; it left.</summary>
    Nothing,

    /// <summary>An answer with the gateway's error.</summary>
    Error,

    /// <summary>A whole answer whose last event is an error.</summary>
    ErrorEvent,

    /// <summary>An answer that is not whole.</summary>
    Cut,
}

/// <summary>Something breaks at every wait of the pipeline; afterwards nothing is held, counted or buffered, and the request was settled once.</summary>
public sealed class ReturnToRestTests(Scene scene) : IClassFixture<Scene>
{
    private const string ClientLeaves = "client leaves";
    private const string ClientResets = "client resets";
    private const string DestinationResets = "destination resets";
    private const string DestinationFinishes = "destination finishes";
    private const string FirstByteEnds = "first byte limit";
    private const string BetweenEnds = "between chunks limit";
    private const string TotalEnds = "total limit";
    private const string Closed = "client_closed_request";
    private const string Reset = "upstream_reset";
    private const string Timeout = "upstream_timeout";
    private const string Stall = "upstream_stall";

    private static readonly Row[] Rows =
    [
        new("reading the body", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("reading the body", ClientResets, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("reading the body", TotalEnds, Outcome.ClientError, 408, "request_timeout", Sight.Error),
        new("streaming the body", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("streaming the body", ClientResets, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("streaming the body", DestinationResets, Outcome.BackendError, 502, Reset, Sight.Error),
        new("streaming the body", DestinationFinishes, Outcome.BackendError, 502, Reset, Sight.Error),
        new("streaming the body", TotalEnds, Outcome.Timeout, 504, Timeout, Sight.Error),
        new("connecting", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("connecting", FirstByteEnds, Outcome.Timeout, 504, Timeout, Sight.Error),
        new("connecting", TotalEnds, Outcome.Timeout, 504, Timeout, Sight.Error),
        new("sending", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("sending", ClientResets, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("sending", DestinationResets, Outcome.BackendError, 502, Reset, Sight.Error),
        new("sending", FirstByteEnds, Outcome.Timeout, 504, Timeout, Sight.Error),
        new("waiting for the head", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("waiting for the head", ClientResets, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("waiting for the head", DestinationResets, Outcome.BackendError, 502, Reset, Sight.Error),
        new("waiting for the head", DestinationFinishes, Outcome.BackendError, 502, Reset, Sight.Error),
        new("waiting for the head", FirstByteEnds, Outcome.Timeout, 504, Timeout, Sight.Error),
        new("waiting for the head", TotalEnds, Outcome.Timeout, 504, Timeout, Sight.Error),
        new("waiting for the first event", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("waiting for the first event", DestinationResets, Outcome.BackendError, 502, Reset, Sight.Error),
        new("waiting for the first event", DestinationFinishes, Outcome.BackendError, 502, Reset, Sight.Error),
        new("waiting for the first event", FirstByteEnds, Outcome.Timeout, 504, Timeout, Sight.Error),
        new("waiting for the first event", TotalEnds, Outcome.Timeout, 504, Timeout, Sight.Error),
        new("inside the first event", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("inside the first event", DestinationResets, Outcome.BackendError, 502, Reset, Sight.Error),
        new("inside the first event", DestinationFinishes, Outcome.BackendError, 502, Reset, Sight.Error),
        new("inside the first event", BetweenEnds, Outcome.Timeout, 504, Stall, Sight.Error),
        new("between events", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("between events", ClientResets, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("between events", DestinationResets, Outcome.StreamBroken, 200, Reset, Sight.ErrorEvent),
        new("between events", DestinationFinishes, Outcome.StreamBroken, 200, Reset, Sight.ErrorEvent),
        new("between events", BetweenEnds, Outcome.StreamBroken, 200, Stall, Sight.ErrorEvent),
        new("between events", TotalEnds, Outcome.StreamBroken, 200, Timeout, Sight.ErrorEvent),
        new("inside an event", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("inside an event", DestinationResets, Outcome.StreamBroken, 200, Reset, Sight.Cut),
        new("inside an event", DestinationFinishes, Outcome.StreamBroken, 200, Reset, Sight.Cut),
        new("inside an event", BetweenEnds, Outcome.StreamBroken, 200, Stall, Sight.Cut),
        new("inside an event", TotalEnds, Outcome.StreamBroken, 200, Timeout, Sight.Cut),
        new("inside a document", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("inside a document", ClientResets, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("inside a document", DestinationResets, Outcome.StreamBroken, 200, Reset, Sight.Cut),
        new("inside a document", DestinationFinishes, Outcome.StreamBroken, 200, Reset, Sight.Cut),
        new("inside a document", BetweenEnds, Outcome.StreamBroken, 200, Stall, Sight.Cut),
        new("inside a document", TotalEnds, Outcome.StreamBroken, 200, Timeout, Sight.Cut),
        new("copying a plain answer", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("copying a plain answer", ClientResets, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("copying a plain answer", DestinationResets, Outcome.StreamBroken, 200, Reset, Sight.Cut),
        new("copying a plain answer", DestinationFinishes, Outcome.StreamBroken, 200, Reset, Sight.Cut),
        new("copying a plain answer", TotalEnds, Outcome.StreamBroken, 200, Timeout, Sight.Cut),
        new("writing to a client that does not read", ClientLeaves, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("writing to a client that does not read", ClientResets, Outcome.ClientCanceled, 499, Closed, Sight.Nothing),
        new("in a tunnel", ClientLeaves, Outcome.Ok, 101, null, Sight.Nothing),
        new("in a tunnel", ClientResets, Outcome.Ok, 101, null, Sight.Nothing),
        new("in a tunnel", DestinationResets, Outcome.StreamBroken, 101, Reset, Sight.Nothing),
        new("in a tunnel", DestinationFinishes, Outcome.Ok, 101, null, Sight.Nothing),
    ];

    public static TheoryData<string, string, string> Cases()
    {
        var cases = new TheoryData<string, string, string>();
        foreach (var row in Rows)
        {
            cases.Add(row.Moment, row.Break, "HTTP/1.1");
            if (row.Break != ClientResets && row.Moment != "in a tunnel")
            {
                cases.Add(row.Moment, row.Break, "HTTP/2");
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Whatever_breaks_and_when_nothing_is_left(string moment, string @break, string protocol)
    {
        var row = Rows.Single(row => row.Moment == moment && row.Break == @break);
        await using var caller = await scene.CallAsync(protocol);
        var exchange = await Moments.All[moment](scene, caller, @break == TotalEnds ? "total" : null);

        await BreakAsync(@break, caller, exchange);

        await caller.SendRestAsync();
        await SeeAsync(row.Sight, caller, row.Code);
        exchange?.ReadOn();
        if (exchange is not null && @break is not (DestinationResets or DestinationFinishes))
        {
            await exchange.Closed.Soon();
        }

        await scene.RestAsync();
        var record = scene.Host.Records.Last;
        Assert.Equal((row.Outcome, row.Status, row.Code), (record.Outcome, record.StatusCode, record.ErrorCode));
    }

    private async Task BreakAsync(string @break, Caller caller, Exchange? exchange)
    {
        switch (@break)
        {
            case ClientLeaves:
                await caller.LeaveAsync();
                break;
            case ClientResets:
                ((Http1Caller)caller).Reset();
                break;
            case DestinationResets:
                exchange!.Reset();
                break;
            case DestinationFinishes:
                exchange!.Finish();
                break;
            default:
                await ExpireAsync(@break switch { FirstByteEnds => Scene.FirstByte, BetweenEnds => Scene.BetweenChunks, _ => Scene.Total });
                break;
        }
    }

    /// <summary>A read may not yet have set its limit when its bytes are seen, so the clock goes on until it bites.</summary>
    private Task ExpireAsync(TimeSpan limit) => Waiting.UntilAsync(
        () =>
        {
            scene.Host.Time.Advance(limit);
            return scene.Host.Records.Count == scene.Sent;
        },
        () => "The limit did not bite.");

    private static async Task SeeAsync(Sight sight, Caller caller, string? code)
    {
        if (sight == Sight.Error)
        {
            await caller.HeadAsync();
            Assert.Equal(code, caller.Header("X-Blaze-Error"));
            Assert.Contains($"\"code\":\"{code}\"", (await caller.EndAsync()).Text, StringComparison.Ordinal);
        }
        else if (sight != Sight.Nothing)
        {
            var ending = await caller.EndAsync();
            Assert.False(ending.IsComplete);

            // A client may notice the reset of an HTTP/2 stream before it has read the event.
            var isEvent = ending.Text.StartsWith("data: {\"error\":", StringComparison.Ordinal) && ending.Text.EndsWith("}}\n\n", StringComparison.Ordinal);
            Assert.True(isEvent == (sight == Sight.ErrorEvent) || (caller is Http2Caller && ending.Text.Length == 0), ending.Text);
            Assert.DoesNotContain("[DONE]", ending.Text, StringComparison.Ordinal);
        }
    }

    private sealed record Row(string Moment, string Break, Outcome Outcome, int Status, string? Code, Sight Sight);
}
