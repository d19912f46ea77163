using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.EndToEnd.Wire.Chaos;

/// <summary>The proxy that breaks connections does what its plan says, before a destination that sends back what it gets.</summary>
public sealed class ChaosProxyTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    // Timers may fire a little early by another clock.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task Without_a_plan_it_carries_both_ways_and_the_end()
    {
        await using var echo = new RawDestination(EchoAsync);
        await using var proxy = new ChaosProxy(echo.Address);
        using var client = await ConnectAsync(proxy);
        await client.SendAsync("hello"u8.ToArray());
        Assert.Equal("hello", await ReadAsync(client, 5));
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await client.ReceiveAsync(new byte[1]));
        Assert.Equal((1, 0), (proxy.Accepted, proxy.Dropped));
    }

    [Fact]
    public async Task Latency_holds_each_piece_of_either_direction()
    {
        await using var echo = new RawDestination(EchoAsync);
        await using var proxy = new ChaosProxy(echo.Address) { Plan = new ChaosPlan { Latency = Pause } };
        using var client = await ConnectAsync(proxy);
        var began = TimeProvider.System.GetTimestamp();
        await client.SendAsync("x"u8.ToArray());
        Assert.Equal("x", await ReadAsync(client, 1));
        Assert.True(TimeProvider.System.GetElapsedTime(began) >= (2 * Pause) - Slack);
    }

    [Fact]
    public async Task Bandwidth_stretches_an_answer()
    {
        const int Bytes = 32 * 1024;
        await using var echo = new RawDestination(EchoAsync);
        await using var proxy = new ChaosProxy(echo.Address) { Plan = new ChaosPlan { BytesPerSecond = 4 * Bytes } };
        using var client = await ConnectAsync(proxy);
        var began = TimeProvider.System.GetTimestamp();
        var sending = client.SendAsync(new byte[Bytes]);
        Assert.Equal(Bytes, (await ReadAsync(client, Bytes)).Length);
        await sending;

        // The pause after the last piece is not seen by the client; a piece is a tenth of a second's worth.
        Assert.True(TimeProvider.System.GetElapsedTime(began) >= TimeSpan.FromSeconds(0.15) - Slack);
    }

    [Fact]
    public async Task Slices_are_written_one_by_one()
    {
        await using var echo = new RawDestination(EchoAsync);
        await using var proxy = new ChaosProxy(echo.Address) { Plan = new ChaosPlan { SliceBytes = 3 } };
        using var client = await ConnectAsync(proxy);
        await client.SendAsync("0123456789"u8.ToArray());
        Assert.Equal("0123456789", await ReadAsync(client, 10));
        await Eventually.TrueAsync(() => proxy.Writes >= 4, "ten bytes are written in four");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public async Task A_reset_comes_after_so_many_bytes(int bytes)
    {
        var ended = new TaskCompletionSource();
        await using var echo = new RawDestination(async (socket, ending) =>
        {
            await EchoAsync(socket, ending).ContinueWith(_ => ended.TrySetResult(), TaskScheduler.Default);
        });
        await using var proxy = new ChaosProxy(echo.Address) { Plan = new ChaosPlan { ResetAfterBytes = bytes } };
        using var client = await ConnectAsync(proxy);
        await client.SendAsync("0123456789"u8.ToArray());
        var read = 0;
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (await client.ReceiveAsync(new byte[16]) is var count and > 0)
            {
                read += count;
            }
        });
        Assert.Equal((SocketError.ConnectionReset, bytes), (error.SocketErrorCode, read));
        await ended.Task;
    }

    [Fact]
    public async Task One_that_never_answers_reads_and_the_destination_sees_nothing()
    {
        var reached = 0;
        await using var echo = new RawDestination((_, _) => Task.FromResult(Interlocked.Increment(ref reached)));
        await using var proxy = new ChaosProxy(echo.Address) { Plan = new ChaosPlan { Mode = ChaosMode.NeverAnswer } };
        using var client = await ConnectAsync(proxy);
        await client.SendAsync(new byte[1000]);
        await Eventually.TrueAsync(() => proxy.Dropped == 1000, "all that is sent is read");
        Assert.Equal((0, 0), (client.Available, reached));
    }

    [Fact]
    public async Task One_that_never_reads_lets_its_buffers_fill()
    {
        const int Most = 64 * 1024 * 1024;
        await using var echo = new RawDestination(EchoAsync);
        await using var proxy = new ChaosProxy(echo.Address) { Plan = new ChaosPlan { Mode = ChaosMode.NeverRead } };
        using var client = await ConnectAsync(proxy);
        client.SendBufferSize = 4096;
        client.Blocking = false;
        var (sent, error) = (0, SocketError.Success);
        while (error == SocketError.Success && sent < Most)
        {
            sent += client.Send(new byte[64 * 1024], SocketFlags.None, out error);
        }

        Assert.Equal(SocketError.WouldBlock, error);
    }

    [Fact]
    public async Task What_is_dropped_never_comes_and_the_connection_stands()
    {
        await using var echo = new RawDestination(EchoAsync);
        await using var proxy = new ChaosProxy(echo.Address);
        using var client = await ConnectAsync(proxy);
        await client.SendAsync("a"u8.ToArray());
        Assert.Equal("a", await ReadAsync(client, 1));
        proxy.Plan = new ChaosPlan { Mode = ChaosMode.Drop };
        await client.SendAsync("b"u8.ToArray());
        await Eventually.TrueAsync(() => proxy.Dropped == 1, "the byte is dropped");
        proxy.Plan = ChaosPlan.None;
        await client.SendAsync("c"u8.ToArray());
        Assert.Equal("c", await ReadAsync(client, 1));
    }

    [Fact]
    public async Task A_slow_close_holds_the_end_back()
    {
        await using var echo = new RawDestination((socket, _) => socket.SendAsync("x"u8.ToArray()));
        await using var proxy = new ChaosProxy(echo.Address) { Plan = new ChaosPlan { SlowClose = Pause } };
        using var client = await ConnectAsync(proxy);
        Assert.Equal("x", await ReadAsync(client, 1));
        var began = TimeProvider.System.GetTimestamp();
        Assert.Equal(0, await client.ReceiveAsync(new byte[1]));
        Assert.True(TimeProvider.System.GetElapsedTime(began) >= Pause / 2, "the end came at once");
    }

    private static async Task EchoAsync(Socket socket, CancellationToken ending)
    {
        var buffer = new byte[16 * 1024];
        while (await socket.ReceiveAsync(buffer, ending) is var count and > 0)
        {
            await socket.SendAsync(buffer.AsMemory(0, count), ending);
        }
    }

    private static async Task<Socket> ConnectAsync(ChaosProxy proxy)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, proxy.Address.Port);
        return client;
    }

    private static async Task<string> ReadAsync(Socket socket, int bytes)
    {
        var buffer = new byte[bytes];
        var read = 0;
        while (read < bytes && await socket.ReceiveAsync(buffer.AsMemory(read)) is var count and > 0)
        {
            read += count;
        }

        return Encoding.ASCII.GetString(buffer, 0, read);
    }
}
