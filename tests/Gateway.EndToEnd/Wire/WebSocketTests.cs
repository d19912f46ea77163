using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>WebSockets through the gateway: bytes, closes and deaths pass in both directions.</summary>
public sealed class WebSocketTests : IAsyncLifetime
{
    private WebApplication _server = null!;
    private FileGateway _gateway = null!;

    private Uri Destination => new(_server.Urls.First());

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.UseWebSockets();
        _server.Run(ServeAsync);
        await _server.StartAsync();
        _gateway = await FileGateway.StartAsync("""{ "Kestrel": { "Limits": { "MaxConcurrentConnections": 4, "MaxConcurrentUpgradedConnections": 3 } } }""", WireGateway.Routes(Destination));
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(125, false)]
    [InlineData(126, true)]
    [InlineData(65535, false)]
    [InlineData(65536, true)]
    [InlineData(4 << 20, true)]
    public async Task Messages_come_back_as_they_were(int size, bool overHttp2)
    {
        using var socket = await ConnectAsync("echo", overHttp2);
        var message = new byte[size];
        new Random(size).NextBytes(message);
        await Task.WhenAll(
            socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None),
            ReceiveAndCompareAsync(socket, message));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", CancellationToken.None);
        Assert.Equal((WebSocketCloseStatus.NormalClosure, "done"), (socket.CloseStatus, socket.CloseStatusDescription));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1008)]
    [InlineData(1011)]
    [InlineData(3000)]
    [InlineData(4999)]
    public async Task Close_codes_pass_in_both_directions(int code)
    {
        using var socket = await ConnectAsync("echo");
        await socket.CloseAsync((WebSocketCloseStatus)code, "from the client", CancellationToken.None);
        Assert.Equal((code, "from the client"), ((int)socket.CloseStatus!, socket.CloseStatusDescription));

        using var other = await ConnectAsync($"close?{code}");
        var result = await other.ReceiveAsync(new byte[16], CancellationToken.None);
        Assert.Equal((WebSocketMessageType.Close, code, "from the destination"), (result.MessageType, (int)result.CloseStatus!, result.CloseStatusDescription));
    }

    [Fact]
    public async Task A_subprotocol_is_agreed_on()
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("realtime");
        await socket.ConnectAsync(Address("protocol"), CancellationToken.None);
        Assert.Equal("realtime", socket.SubProtocol);
    }

    [Fact]
    public async Task A_destination_that_dies_ends_the_connection()
    {
        using var socket = await ConnectAsync("die");
        await socket.SendAsync("now"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var broken = await Assert.ThrowsAsync<WebSocketException>(() => socket.ReceiveAsync(new byte[16], CancellationToken.None));
        Assert.Equal(WebSocketError.ConnectionClosedPrematurely, broken.WebSocketErrorCode);
        await Eventually.TrueAsync(() => _gateway.Host.Listeners.ProxyConnections.Open == 0, "its place is free again");
    }

    [Fact]
    public async Task A_client_that_dies_ends_the_connection()
    {
        var socket = await ConnectAsync("echo");
        await Eventually.TrueAsync(() => _gateway.Host.Listeners.ProxyConnections.Open == 1, "it is connected");
        socket.Abort();
        socket.Dispose();
        await Eventually.TrueAsync(() => _gateway.Host.Listeners.ProxyConnections.Open == 0, "its place is free again");
    }

    [Fact]
    public async Task A_reload_does_not_touch_open_connections()
    {
        using var socket = await ConnectAsync("echo");
        await using var other = new RecordingDestination();
        await _gateway.ReloadAsync(WireGateway.Routes(other.Address));

        await socket.SendAsync("still here"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        await ReceiveAndCompareAsync(socket, "still here"u8.ToArray());
        using var connection = await RawConnection.OpenAsync(_gateway.Proxy);
        await connection.SendAsync(WireCase.Get());
        Assert.Equal(200, (await connection.ReadAnswerAsync())?.Status);
        Assert.Single(other.Take());
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    [Fact]
    public async Task Upgraded_connections_have_a_limit_of_their_own()
    {
        var open = new List<ClientWebSocket>();
        for (var i = 0; i < 3; i++)
        {
            open.Add(await ConnectAsync("echo"));
        }

        using var fourth = new ClientWebSocket();
        fourth.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => fourth.ConnectAsync(Address("echo"), CancellationToken.None));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, fourth.HttpStatusCode);
        open.ForEach(socket => socket.Dispose());
    }

    /// <summary>The server stops counting a connection that is upgraded; the gateway does not.</summary>
    [Fact]
    public async Task Upgraded_connections_keep_their_place()
    {
        var open = new List<IDisposable>();
        for (var i = 0; i < 3; i++)
        {
            open.Add(await ConnectAsync("echo"));
        }

        var last = await RawConnection.OpenAsync(_gateway.Proxy);
        open.Add(last);
        await last.SendAsync(WireCase.Get(path: "/plain/refuse"));
        Assert.Equal(400, (await last.ReadAnswerAsync())?.Status);
        Assert.Equal(4, _gateway.Host.Listeners.ProxyConnections.Open);
        Assert.True(await RawConnection.IsRefusedAsync(_gateway.Proxy));
        open.ForEach(one => one.Dispose());
        await Eventually.TrueAsync(() => _gateway.Host.Listeners.ProxyConnections.Open == 0, "all places are free again");
    }

    [Fact]
    public async Task A_destination_that_refuses_is_heard()
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Address("refuse"), CancellationToken.None));
        Assert.Equal(HttpStatusCode.BadRequest, socket.HttpStatusCode);
    }

    private static async Task ServeAsync(HttpContext context)
    {
        var mode = context.Request.Path.Value!.Split('/')[^1];
        if (mode == "refuse")
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(mode == "protocol" ? "realtime" : null);
        switch (mode)
        {
            case "die":
                await socket.ReceiveAsync(new byte[16], context.RequestAborted);
                context.Abort();
                return;
            case "close":
                await socket.CloseAsync((WebSocketCloseStatus)int.Parse(context.Request.QueryString.Value![1..]), "from the destination", context.RequestAborted);
                return;
            default:
                await EchoAsync(socket, context.RequestAborted);
                return;
        }
    }

    private static async Task EchoAsync(WebSocket socket, CancellationToken gone)
    {
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer, gone) is var received)
        {
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(socket.CloseStatus!.Value, socket.CloseStatusDescription, gone);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, gone);
        }
    }

    private static async Task ReceiveAndCompareAsync(WebSocket socket, byte[] expected)
    {
        var got = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, CancellationToken.None);
            got.Write(buffer, 0, received.Count);
            if (received.EndOfMessage)
            {
                break;
            }
        }

        Assert.True(expected.AsSpan().SequenceEqual(got.ToArray()), $"{got.Length} other bytes in place of {expected.Length}: {Encoding.Latin1.GetString(got.ToArray().AsSpan(0, (int)Math.Min(got.Length, 64)))}");
    }

    private Uri Address(string mode) => new($"ws://{_gateway.Proxy.Authority}/plain/{mode}");

    private async Task<ClientWebSocket> ConnectAsync(string mode, bool overHttp2 = false)
    {
        var socket = new ClientWebSocket();
        if (!overHttp2)
        {
            await socket.ConnectAsync(Address(mode), CancellationToken.None);
            return socket;
        }

        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        await socket.ConnectAsync(Address(mode), invoker, CancellationToken.None);
        return socket;
    }
}
