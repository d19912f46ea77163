using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace BlazeGateway.Policies.Tests.Pipeline.Wire;

/// <summary>A destination on a real socket that reads HTTP/1.1 requests and answers nothing by itself: the test says every byte and every break.</summary>
internal sealed class ScriptedDestination : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Channel<Exchange> _exchanges = Channel.CreateUnbounded<Exchange>();
    private readonly List<Socket> _connections = [];
    private readonly Task _accepting;

    public ScriptedDestination()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.ReceiveBufferSize = 64 * 1024;
        _listener.Listen(512);
        _accepting = AcceptAsync();
    }

    public string Address => $"http://{_listener.LocalEndPoint}/";

    /// <summary>Connections taken so far.</summary>
    public int Connections
    {
        get
        {
            lock (_connections)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Whether bodies are left unread until <see cref="Exchange.ReadOn"/>.</summary>
    public bool IsPaused { get; set; }

    /// <summary>Whether what the gateway asks model servers for itself (GET) is answered 404 and not handed out.</summary>
    public bool AnswersQuestions { get; init; }

    /// <summary>Whether a request came that nobody took.</summary>
    public bool HasWaiting => _exchanges.Reader.Count > 0;

    /// <summary>The next request whose head arrived.</summary>
    public async Task<Exchange> NextAsync() => await _exchanges.Reader.ReadAsync().AsTask().Soon();

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_connections)
        {
            _connections.ForEach(connection => connection.Dispose());
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var connection = await _listener.AcceptAsync();
            connection.NoDelay = true;
            lock (_connections)
            {
                _connections.Add(connection);
            }

            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var body = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var received = new List<byte>();
        try
        {
            while (true)
            {
                var head = await HeadAsync(connection, received);
                body = new(TaskCreationOptions.RunContinuationsAsynchronously);
                var exchange = new Exchange(connection, head, body.Task, closed.Task);
                if (!IsPaused)
                {
                    exchange.ReadOn();
                }

                if (AnswersQuestions && head.StartsWith("GET ", StringComparison.Ordinal))
                {
                    await exchange.AnswerAsync("{}", status: "404 Not Found");
                    continue;
                }

                _exchanges.Writer.TryWrite(exchange);
                await exchange.Reading;
                body.SetResult(await BodyAsync(connection, head, received));
            }
        }
        catch (Exception gone) when (gone is SocketException or IOException or ObjectDisposedException)
        {
            body.TrySetCanceled();
            closed.TrySetResult();
        }
    }

    private static async Task<string> HeadAsync(Socket connection, List<byte> received)
    {
        int end;
        while ((end = Find(received, "\r\n\r\n"u8)) < 0)
        {
            await ReceiveAsync(connection, received);
        }

        return Encoding.ASCII.GetString(Take(received, end + 4));
    }

    private static async Task<byte[]> BodyAsync(Socket connection, string head, List<byte> received)
    {
        if (!head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
        {
            var length = Length(head);
            while (received.Count < length)
            {
                await ReceiveAsync(connection, received);
            }

            return Take(received, length);
        }

        var body = new List<byte>();
        while (true)
        {
            int line;
            while ((line = Find(received, "\r\n"u8)) < 0)
            {
                await ReceiveAsync(connection, received);
            }

            var size = int.Parse(Encoding.ASCII.GetString(Take(received, line + 2)).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            while (received.Count < size + 2)
            {
                await ReceiveAsync(connection, received);
            }

            body.AddRange(Take(received, size + 2).AsSpan(0, size));
            if (size == 0)
            {
                return [.. body];
            }
        }
    }

    private static int Length(string head)
    {
        const string Name = "Content-Length:";
        var at = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? 0 : int.Parse(head.AsSpan(at + Name.Length, head.IndexOf('\r', at) - at - Name.Length), CultureInfo.InvariantCulture);
    }

    private static async Task ReceiveAsync(Socket connection, List<byte> received)
    {
        var buffer = new byte[16 * 1024];
        var count = await connection.ReceiveAsync(buffer);
        if (count == 0)
        {
            throw new IOException("The other side closed.");
        }

        received.AddRange(buffer.AsSpan(0, count));
    }

    private static int Find(List<byte> bytes, ReadOnlySpan<byte> what) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes).IndexOf(what);

    private static byte[] Take(List<byte> bytes, int count)
    {
        var taken = bytes.GetRange(0, count).ToArray();
        bytes.RemoveRange(0, count);
        return taken;
    }
}
