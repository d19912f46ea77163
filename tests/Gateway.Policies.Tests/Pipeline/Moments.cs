using System.Text;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Where a request can be when something breaks; each is a wait of the pipeline.</summary>
internal static class Moments
{
    public delegate Task<Exchange?> Moment(Scene scene, Caller caller, string? header);

    private const string HalfEvent = "data: {\"choices\":[{\"in";

    public static IReadOnlyDictionary<string, Moment> All { get; } = new Dictionary<string, Moment>(StringComparer.Ordinal)
    {
        ["reading the body"] = UploadAsync,
        ["streaming the body"] = StreamedUploadAsync,
        ["connecting"] = ConnectAsync,
        ["sending"] = SendAsync,
        ["waiting for the head"] = (scene, caller, header) => AskedAsync(scene, caller, header),
        ["waiting for the first event"] = async (scene, caller, header) => await BegunAsync(scene, caller, header),
        ["inside the first event"] = InsideFirstAsync,
        ["between events"] = BetweenAsync,
        ["inside an event"] = InsideAsync,
        ["inside a document"] = DocumentAsync,
        ["copying a plain answer"] = PlainAsync,
        ["writing to a client that does not read"] = BlockedAsync,
        ["in a tunnel"] = TunnelAsync,
    };

    private static (string, string)[] Headers(string? header) => header is null ? [] : [("X-Case", header)];

    private static async Task<Exchange?> UploadAsync(Scene scene, Caller caller, string? header)
    {
        var body = Scene.Body(length: 4000);
        await caller.SendAsync(Scene.Chat, body, body.Length / 2, Headers(header));
        await Waiting.UntilAsync(() => scene.Host.Get<BodyBudget>().Reserved > 0, () => "The body is not being read.");
        return null;
    }

    private static async Task<Exchange?> StreamedUploadAsync(Scene scene, Caller caller, string? header)
    {
        await caller.SendAsync("/plain/upload", new byte[4000], 2000);
        return await scene.Destination.NextAsync();
    }

    private static async Task<Exchange?> ConnectAsync(Scene scene, Caller caller, string? header)
    {
        await caller.SendAsync(Scene.Chat, Scene.Body(), null, ("X-Case", "stuck"));
        var destination = scene.Host.Cluster("stuck").DestinationsState.AllDestinations[0];
        await Waiting.UntilAsync(() => destination.ConcurrentRequestCount == 1, () => "Nothing is being connected.");
        return null;
    }

    private static async Task<Exchange?> SendAsync(Scene scene, Caller caller, string? header)
    {
        scene.Destination.IsPaused = true;
        await caller.SendAsync(Scene.Chat, Scene.Body(length: 6 << 20), null, ("X-Case", "large"));
        var exchange = await scene.Destination.NextAsync();
        scene.Destination.IsPaused = false;
        return exchange;
    }

    private static async Task<Exchange?> AskedAsync(Scene scene, Caller caller, string? header, bool stream = true)
    {
        await caller.SendAsync(Scene.Chat, Scene.Body(stream), null, Headers(header));
        var exchange = await scene.Destination.NextAsync();
        await exchange.Body.Soon();
        return exchange;
    }

    private static async Task<Exchange> BegunAsync(Scene scene, Caller caller, string? header)
    {
        var exchange = (await AskedAsync(scene, caller, header))!;
        await exchange.BeginEventsAsync();
        return exchange;
    }

    private static async Task<Exchange?> InsideFirstAsync(Scene scene, Caller caller, string? header)
    {
        var exchange = await BegunAsync(scene, caller, header);
        await exchange.ChunkAsync(HalfEvent);
        return exchange;
    }

    private static async Task<Exchange?> BetweenAsync(Scene scene, Caller caller, string? header)
    {
        var exchange = await BegunAsync(scene, caller, header);
        await exchange.ChunkAsync(Scene.Event);
        await caller.HeadAsync();
        Assert.Equal(Scene.Event, await caller.TextAsync(Scene.Event.Length));
        return exchange;
    }

    private static async Task<Exchange?> InsideAsync(Scene scene, Caller caller, string? header)
    {
        var exchange = (await BetweenAsync(scene, caller, header))!;
        await exchange.ChunkAsync(HalfEvent);
        Assert.Equal(HalfEvent, await caller.TextAsync(HalfEvent.Length));
        return exchange;
    }

    private static async Task<Exchange?> DocumentAsync(Scene scene, Caller caller, string? header)
    {
        var exchange = (await AskedAsync(scene, caller, header, stream: false))!;
        await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"choices\":");
        await caller.HeadAsync();
        Assert.Equal("{\"choices\":", await caller.TextAsync(11));
        return exchange;
    }

    private static async Task<Exchange?> PlainAsync(Scene scene, Caller caller, string? header)
    {
        await caller.SendAsync("/plain/file", []);
        var exchange = await scene.Destination.NextAsync();
        await exchange.BeginAsync("application/octet-stream");
        await exchange.ChunkAsync("abc");
        await caller.HeadAsync();
        Assert.Equal("abc", await caller.TextAsync(3));
        return exchange;
    }

    private static async Task<Exchange?> BlockedAsync(Scene scene, Caller caller, string? header)
    {
        var exchange = (await BetweenAsync(scene, caller, header))!;
        var block = Encoding.ASCII.GetBytes(": " + new string('x', 64 * 1024) + "\n\n");
        var sent = 0;
        async Task FloodAsync()
        {
            while (!exchange.Closed.IsCompleted)
            {
                await exchange.ChunkAsync(block);
                sent++;
            }
        }

        var flood = FloodAsync();
        var (before, still) = (-1, 0);
        await Waiting.UntilAsync(
            () =>
            {
                still = sent == before ? still + 1 : 0;
                before = sent;
                return still == 25;
            },
            () => "The gateway takes more and more though the client reads nothing.");
        _ = flood.ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default);
        return exchange;
    }

    private static async Task<Exchange?> TunnelAsync(Scene scene, Caller caller, string? header)
    {
        var socket = (Http1Caller)caller;
        await socket.RawAsync("GET /plain/ws HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"u8.ToArray());
        var exchange = await scene.Destination.NextAsync();
        await exchange.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n");
        await caller.HeadAsync();
        Assert.Equal(101, caller.Status);
        await Waiting.UntilAsync(() => scene.Host.SumAsync("blaze_upgraded_connections").GetAwaiter().GetResult() == 1, () => "The tunnel is not counted.");
        return exchange;
    }
}
