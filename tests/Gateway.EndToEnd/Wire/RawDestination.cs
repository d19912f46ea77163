using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>A destination that does with each connection what the test says.</summary>
internal sealed class RawDestination : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly Func<Socket, CancellationToken, Task> _serve;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _accepting;

    public RawDestination(Func<Socket, CancellationToken, Task> serve)
    {
        _serve = serve;
        _listener.Start(4096);
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <summary>Reads a request's head; false when it is a question of the gateway's own about models, which has no request id.</summary>
    public static async Task<bool> IsForwardedAsync(Socket socket, CancellationToken ending)
    {
        var buffer = new byte[64 * 1024];
        var read = 0;
        while (buffer.AsSpan(0, read).IndexOf("\r\n\r\n"u8) < 0)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(read), ending);
            if (count == 0)
            {
                return false;
            }

            read += count;
        }

        return Encoding.Latin1.GetString(buffer, 0, read).Contains("X-Request-Id:", StringComparison.OrdinalIgnoreCase);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Stop();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var socket = await _listener.AcceptSocketAsync(_ending.Token);
            _sockets.Add(socket);
            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await _serve(socket, _ending.Token);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
        }
        finally
        {
            socket.Dispose();
        }
    }
}
