using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Connections;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>The HTTP client repeats nothing by itself that a destination may have begun with.</summary>
public sealed class UnrepeatedTests
{
    public static readonly TheoryData<string, bool> Requests = new()
    {
        { "GET / HTTP/1.1\r\n", false },
        { "GET / HTTP/1.1\r\n", true },
        { "DELETE /v1/files/1 HTTP/1.1\r\n", false },
        { "DELETE /v1/files/1 HTTP/1.1\r\n", true },
        { "POST /v1/files HTTP/1.1\r\nContent-Length: 0\r\n", false },
        { "POST /v1/files HTTP/1.1\r\nContent-Length: 0\r\n", true },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_request_without_a_body_is_not_repeated_on_the_same_destination_when_it_ends_the_connection(string request, bool isKept)
    {
        await using var scene = await FailoverScene.StartAsync(1, new RouteExtensions());
        await using var caller = await AskAsync(scene, request, isKept ? 1 : 0);
        (await scene.NextAsync()).Exchange.Finish();
        await caller.HeadAsync();
        Assert.Equal((502, "upstream_reset"), (caller.Status, caller.Header("X-Blaze-Error")));
        await caller.EndAsync();
        await scene.RestAsync();
        Assert.Equal((1, 1, false), (scene.Destinations[0].Connections, scene.Host.Records.Last.Attempts, scene.Destinations[0].HasWaiting));
    }

    [Fact]
    public async Task One_that_may_be_sent_twice_goes_to_one_other_destination()
    {
        await using var scene = await FailoverScene.StartAsync(3, new RouteExtensions());
        await using var caller = await AskAsync(scene, "GET / HTTP/1.1\r\n", 0);
        var (first, failed) = await scene.NextAsync();
        first.Finish();
        var (second, other) = await scene.NextAsync();
        Assert.NotEqual(failed, other);
        second.Finish();
        await caller.HeadAsync();
        Assert.Equal((502, "upstream_reset"), (caller.Status, caller.Header("X-Blaze-Error")));
        await caller.EndAsync();
        await scene.RestAsync();
        Assert.Equal((2, 2), (scene.Host.Records.Last.Attempts, scene.Destinations.Sum(one => one.Connections)));
    }

    [Theory]
    [InlineData("DELETE /v1/files/1 HTTP/1.1\r\n")]
    [InlineData("POST /v1/files HTTP/1.1\r\nContent-Length: 0\r\n")]
    public async Task A_kept_connection_that_ended_before_the_request_costs_the_client_nothing(string request)
    {
        await using var scene = await FailoverScene.StartAsync(1, new RouteExtensions());
        for (var i = 0; i < 20; i++)
        {
            await using var caller = await AskAsync(scene, request, 0);
            var (exchange, _) = await scene.NextAsync();
            await exchange.AnswerAsync("ok");
            exchange.Reset();
            await caller.HeadAsync();
            Assert.Equal((200, "ok"), (caller.Status, (await caller.EndAsync()).Text));
            await using var next = await AskAsync(scene, request, 0);
            var (again, _) = await scene.NextAsync();
            await again.AnswerAsync("ok");
            again.Close();
            await next.HeadAsync();
            Assert.Equal((200, "ok"), (next.Status, (await next.EndAsync()).Text));
        }

        await scene.RestAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_end_that_met_the_request_on_its_way_is_none_after_it(bool isWrittenFirst)
    {
        for (var i = 0; i < 50; i++)
        {
            var (client, server) = await PairAsync();
            await using var stream = new UnrepeatedStream(new NetworkStream(client, ownsSocket: true));
            var buffer = new byte[4096];
            await AskOnceAsync(stream, server, buffer);
            var reading = stream.ReadAsync(buffer);
            Assert.False(reading.IsCompleted);

            // The whole connection ends, so whatever comes for it later is refused; the thread that reads may be told of it before or after the write.
            if (isWrittenFirst)
            {
                var closing = Task.Run(server.Close);
                await stream.WriteAsync("DELETE / HTTP/1.1\r\n\r\n"u8.ToArray());
                await closing;
            }
            else
            {
                server.Close();
                await stream.WriteAsync("DELETE / HTTP/1.1\r\n\r\n"u8.ToArray());
            }

            try
            {
                Assert.Equal(0, await reading);
            }
            catch (IOException exception) when (isWrittenFirst && exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
            {
                // It was there before the end.
            }
        }
    }

    [Fact]
    public async Task An_end_after_the_request_is_an_error_and_one_without_a_request_is_not()
    {
        var (client, server) = await PairAsync();
        await using var stream = new UnrepeatedStream(new NetworkStream(client, ownsSocket: true));
        var buffer = new byte[4096];
        await AskOnceAsync(stream, server, buffer);
        await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        Assert.Equal(18, await server.ReceiveAsync(buffer));
        var reading = stream.ReadAsync(buffer);
        server.Shutdown(SocketShutdown.Send);
        var error = await Assert.ThrowsAsync<HttpIOException>(() => reading.AsTask());
        Assert.Equal(HttpRequestError.ResponseEnded, error.HttpRequestError);
        server.Dispose();

        (client, server) = await PairAsync();
        await using var idle = new UnrepeatedStream(new NetworkStream(client, ownsSocket: true));
        await AskOnceAsync(idle, server, buffer);
        server.Dispose();
        Assert.Equal(0, await idle.ReadAsync(buffer));
    }

    [Fact]
    public async Task Tls_makes_no_difference()
    {
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=d", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        for (var i = 0; i < 10; i++)
        {
            foreach (var isTaken in new[] { true, false })
            {
                var (client, server) = await PairAsync();
                var (near, far) = (new SslStream(new NetworkStream(client, ownsSocket: true)), new SslStream(new NetworkStream(server, ownsSocket: true)));
                await Task.WhenAll(
                    near.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "d", RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.Equals(certificate) }),
                    far.AuthenticateAsServerAsync(certificate));
                await using var stream = new UnrepeatedStream(near);
                var buffer = new byte[4096];
                await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
                Assert.Equal(18, await far.ReadAsync(buffer));
                await far.WriteAsync("HTTP/1.1 204 No\r\n\r\n"u8.ToArray());
                Assert.Equal(19, await stream.ReadAsync(buffer));
                var reading = stream.ReadAsync(buffer);
                if (isTaken)
                {
                    await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
                    Assert.Equal(18, await far.ReadAsync(buffer));
                    await far.ShutdownAsync();
                    server.Shutdown(SocketShutdown.Send);
                    await Assert.ThrowsAsync<HttpIOException>(() => reading.AsTask());
                    await far.DisposeAsync();
                }
                else
                {
                    await far.ShutdownAsync();
                    await far.DisposeAsync();
                    await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
                    Assert.Equal(0, await reading);
                }
            }
        }
    }

    [Fact]
    public async Task A_tunnel_ends_in_good_order_whoever_spoke_last()
    {
        await using var scene = await FailoverScene.StartAsync(1, new RouteExtensions());
        await using var caller = await AskAsync(scene, "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n", 0);
        var (exchange, _) = await scene.NextAsync();
        await exchange.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        await caller.HeadAsync();
        await ((Http1Caller)caller).RawAsync("said last\r\n\r\n"u8.ToArray());
        Assert.Equal("said last\r\n\r\n", (await scene.NextAsync()).Exchange.Head);
        exchange.Finish();
        await caller.EndAsync();
        await scene.RestAsync();
        Assert.Equal((101, Outcome.Ok, null), (caller.Status, scene.Host.Records.Last.Outcome, scene.Host.Records.Last.ErrorCode));
    }

    [Fact]
    public async Task Reading_and_writing_allocate_nothing()
    {
        var (client, server) = await PairAsync();
        await using var stream = new UnrepeatedStream(new NetworkStream(client, ownsSocket: true));
        var (buffer, received, request, answer) = (new byte[4096], new byte[4096], "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), "HTTP/1.1 204 No\r\n\r\n"u8.ToArray());
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                // What is here already is read at once.
                Write(stream, request);
                server.Receive(received);
                server.Send(answer);
                client.Poll(-1, SelectMode.SelectRead);
                Read(stream, buffer);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        server.Dispose();

        static void Write(Stream stream, byte[] request)
        {
            var writing = stream.WriteAsync(request);
            Assert.True(writing.IsCompletedSuccessfully);
            writing.GetAwaiter().GetResult();
        }

        static void Read(Stream stream, byte[] buffer)
        {
            var reading = stream.ReadAsync(buffer);
            Assert.True(reading.IsCompletedSuccessfully);
            _ = reading.Result;
        }
    }

    private static async Task<Caller> AskAsync(FailoverScene scene, string request, int before)
    {
        for (; before > 0; before--)
        {
            await using var earlier = await AskAsync(scene, request, 0);
            await (await scene.NextAsync()).Exchange.AnswerAsync("ok");
            await earlier.HeadAsync();
            await earlier.EndAsync();
        }

        scene.Counts();
        var caller = (Http1Caller)await scene.Host.CallAsync("HTTP/1.1");
        await caller.RawAsync(Encoding.ASCII.GetBytes(request + "Host: gateway\r\n\r\n"));
        return caller;
    }

    private static async Task AskOnceAsync(UnrepeatedStream stream, Socket server, byte[] buffer)
    {
        await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        Assert.Equal(18, await server.ReceiveAsync(buffer));
        await server.SendAsync("HTTP/1.1 204 No\r\n\r\n"u8.ToArray());
        Assert.Equal(19, await stream.ReadAsync(buffer));
    }

    internal static async Task<(Socket Client, Socket Server)> PairAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(listener.LocalEndpoint);
        return (client, await listener.AcceptSocketAsync());
    }
}
