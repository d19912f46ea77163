using System.Net;
using System.Net.Sockets;

namespace BlazeGateway.Tests.Bench;

/// <summary>Reads a request head, sends bytes as they are, and ends the connection as told: what Kestrel would refuse to do.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _answer;
    private readonly bool _resets;
    private readonly Task _serving;

    public RawServer(byte[] answer, bool resets = false)
    {
        _answer = answer;
        _resets = resets;
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Url => new($"http://{_listener.LocalEndpoint}");

    public int Connections { get; private set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync()
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            using var socket = await _listener.AcceptSocketAsync();
            Connections++;
            var read = 0;
            while (buffer.AsSpan(0, read).IndexOf("\r\n\r\n"u8) < 0)
            {
                var count = await socket.ReceiveAsync(buffer.AsMemory(read));
                if (count == 0)
                {
                    break;
                }

                read += count;
            }

            await socket.SendAsync(_answer);
            if (_resets)
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            else
            {
                socket.Shutdown(SocketShutdown.Send);
            }
        }
    }
}
