using System.Text;
using static BlazeGateway.EndToEnd.Wire.Http2Client;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Floods of frames that cost the sender little. Each is cut or digested; memory stays bounded and good traffic beside it loses nothing.</summary>
public sealed class Http2FloodTests
{
    private const byte Whole = EndStream | EndHeaders;

    /// <summary>Loose on purpose: it tells a bounded process from one that keeps what it is sent, which for these floods is hundreds of MiB.</summary>
    private const long MayGrowBy = 160L << 20;

    private static readonly byte[] LastPing = "the last"u8.ToArray();

    [Fact]
    public async Task Floods_are_bounded()
    {
        await using var destination = new RecordingDestination();
        await using var process = await LimitedProcess.StartAsync(destination.Address);
        using var ending = new CancellationTokenSource();
        var good = process.GoodTrafficAsync(ending.Token);
        foreach (var (name, frames) in Floods)
        {
            Assert.True(frames.Count > 0, name);
            await FloodAsync(process.Blaze.Proxy, frames.Frame, Math.Min(frames.Count, 200));
        }

        destination.Take();
        var before = process.ResidentBytes;
        foreach (var (name, flood) in Floods)
        {
            await FloodAsync(process.Blaze.Proxy, flood.Frame, flood.Count);
            destination.Take();
            var grown = process.ResidentBytes - before;
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {grown / 1024 / 1024} MiB more");
            Assert.True(grown < MayGrowBy, $"{name}: {grown / 1024 / 1024} MiB more");
        }

        await ending.CancelAsync();
        var (asked, lost) = await good;
        Assert.True(asked > 0 && lost == 0, $"{lost} of {asked} good requests were lost");
        Assert.Equal(200, await process.AskAsync());
        await process.AssertSoundAsync();
    }

    [Fact]
    public async Task More_streams_than_allowed_are_refused()
    {
        await using var deaf = new RawDestination((_, ending) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending));
        await using var gateway = await FileGateway.StartAsync("{}", WireGateway.Routes(deaf.Address));
        using var client = await OpenAsync(gateway.Proxy);
        for (var i = 0; i < 500; i++)
        {
            await client.GetAsync((i * 2) + 1, Request());
        }

        Assert.Matches("^(RST 7|GOAWAY 11)$", await client.OutcomeAsync(201));
    }

    [Fact]
    public async Task Answers_nobody_takes_are_held_and_let_go()
    {
        await using var destination = new RecordingDestination();
        await using var gateway = await FileGateway.StartAsync("{}", WireGateway.Routes(destination.Address));
        var client = await OpenAsync(gateway.Proxy, (4, 0));
        for (var i = 0; i < 100; i++)
        {
            await client.GetAsync((i * 2) + 1, Request());
        }

        var seen = 0;
        await Eventually.TrueAsync(() => (seen += destination.Take().Count) == 100, "all were forwarded");
        using (var other = await OpenAsync(gateway.Proxy))
        {
            await other.GetAsync(1, Request());
            Assert.Equal("200", await other.OutcomeAsync(1));
        }

        client.Dispose();
        await Eventually.TrueAsync(() => gateway.Host.Listeners.ProxyConnections.Open == 0, "the connection is let go");
    }

    private static Dictionary<string, (int Count, Func<int, byte[]> Frame)> Floods { get; } = new(StringComparer.Ordinal)
    {
        ["requests that are reset"] = (20_000, i => [.. Frame(Headers, Whole, (i * 2) + 1, Block(Request())), .. Frame(Reset, 0, (i * 2) + 1, Number(8))]),
        ["requests that make the server reset"] = (20_000, i => [.. Frame(Headers, EndHeaders, (i * 2) + 1, Block(Request("POST"))), .. Frame(WindowUpdate, 0, (i * 2) + 1, Number(0))]),
        ["continuations"] = (20_000, i => i == 0 ? Frame(Headers, EndStream, 1, Block(Request())) : Frame(Continuation, 0, 1, Block(($"x-{i}", "a")))),
        ["empty continuations"] = (50_000, i => i == 0 ? Frame(Headers, EndStream, 1, Block(Request())) : Frame(Continuation, 0, 1, [])),
        ["a value said a million times"] = (64, i => i == 0 ? Frame(Headers, Whole, 1, [.. Block(Request()), 0x40, 1, (byte)'x', 0x7f, 0xa1, 0x1e, .. Enumerable.Repeat((byte)'a', 4000)])
            : Frame(Headers, Whole, (i * 2) + 1, [.. Block(Request()), .. Enumerable.Repeat((byte)0xbe, 16_000)])),
        ["cookies in a hundred crumbs"] = (500, i => Frame(Headers, Whole, (i * 2) + 1, Block(Request(more: [.. Enumerable.Repeat(("cookie", new string('a', 240)), 90)])))),
        ["pings"] = (50_000, _ => Frame(Ping, 0, 0, new byte[8])),
        ["settings"] = (50_000, _ => Frame(Settings, 0, 0, SettingsPayload((3, 100)))),
        ["priorities"] = (50_000, i => Frame(Priority, 0, (i * 2) + 1, [0, 0, 0, 0, 16])),
        ["empty data"] = (50_000, i => i == 0 ? Frame(Headers, EndHeaders, 1, Block(Request("POST"))) : Frame(Data, 0, 1, [])),
        ["window updates"] = (50_000, i => i == 0 ? Frame(Headers, EndHeaders, 1, Block(Request("POST"))) : Frame(WindowUpdate, 0, 1, Number(1))),
        ["frames nobody knows"] = (50_000, _ => Frame(0x42, 0, 0, Encoding.ASCII.GetBytes("what is this"))),
    };

    /// <summary>Sends until the connection is cut or everything was digested, which the answer to a last ping tells.</summary>
    private static async Task FloodAsync(Uri address, Func<int, byte[]> frame, int count)
    {
        using var client = await OpenAsync(address);
        var digested = Task.Run(async () =>
        {
            while (await client.ReadAsync() is { } seen && !(seen.Type == Ping && seen.Payload.AsSpan().SequenceEqual(LastPing)))
            {
            }
        });
        using var batch = new MemoryStream();
        for (var i = 0; i < count && !digested.IsCompleted; i++)
        {
            batch.Write(frame(i));
            if (batch.Length > 32_768)
            {
                await client.SendAsync(batch.ToArray());
                batch.SetLength(0);
            }
        }

        await client.SendAsync([.. batch.ToArray(), .. Frame(Ping, 0, 0, LastPing)]);
        await digested;
    }
}
