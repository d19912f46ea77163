using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.Policies.Tests.Pipeline.Wire;

/// <summary>A bare socket that speaks HTTP/1.1, so that every byte and every way to leave is seen.</summary>
internal sealed class Http1Caller : Caller
{
    private readonly Socket _socket;
    private readonly List<byte> _received = [];
    private string _head = "";
    private ReadOnlyMemory<byte> _rest;
    private long _left;
    private bool _isChunked;
    private bool _isOver;

    private Http1Caller(Socket socket) => _socket = socket;

    public static async Task<Http1Caller> ConnectAsync(Uri address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port)).Soon();
        return new Http1Caller(socket);
    }

    /// <summary>Sends bytes as they are.</summary>
    public async Task RawAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes).AsTask().Soon()..];
        }
    }

    public override async Task SendAsync(string path, byte[] body, int? sent = null, params (string Name, string Value)[] headers)
    {
        var head = new StringBuilder($"POST {path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n");
        foreach (var (name, value) in headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        await RawAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
        await RawAsync(body.AsMemory(0, sent ?? body.Length));
        _rest = body.AsMemory(sent ?? body.Length);
    }

    public override async Task SendRestAsync()
    {
        try
        {
            await RawAsync(_rest);
        }
        catch (Exception gone) when (IsCut(gone) || gone is ObjectDisposedException)
        {
            _rest = default;
        }
    }

    public override async Task HeadAsync()
    {
        int end;
        while ((end = Received.IndexOf("\r\n\r\n"u8)) < 0)
        {
            Assert.True(await ReceiveAsync(), "The connection ended before the head of the answer.");
        }

        _head = Encoding.ASCII.GetString(Received[..(end + 2)]);
        _received.RemoveRange(0, end + 4);
        Status = int.Parse(_head.AsSpan(9, 3), CultureInfo.InvariantCulture);
        _isChunked = Header("Transfer-Encoding") == "chunked";
        _left = _isChunked ? 0 : long.Parse(Header("Content-Length") ?? "0", CultureInfo.InvariantCulture);
        _isOver = !_isChunked && _left == 0;
    }

    public override string? Header(string name)
    {
        var at = _head.IndexOf($"\n{name}: ", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? null : _head[(at + name.Length + 3).._head.IndexOf('\r', at)];
    }

    public override async Task<byte[]> ReadAsync(int count)
    {
        var body = new List<byte>();
        while (body.Count < count)
        {
            Assert.True(await MoreAsync(body, count), $"The answer ended {count - body.Count} bytes early, after: {Encoding.UTF8.GetString([.. body])}");
        }

        return [.. body];
    }

    public override async Task<Ending> EndAsync()
    {
        var body = new List<byte>();
        while (await MoreAsync(body, int.MaxValue))
        {
        }

        return new Ending(_isOver, [.. body]);
    }

    public override Task LeaveAsync()
    {
        _socket.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Gives up with a reset in place of an orderly close.</summary>
    public void Reset() => _socket.Close(0);

    public override ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return default;
    }

    private ReadOnlySpan<byte> Received => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_received);

    /// <summary>Decodes some more; false at the end of the answer or of the connection.</summary>
    private async Task<bool> MoreAsync(List<byte> body, int limit)
    {
        while (!_isOver)
        {
            if (_left > 0 && _received.Count > 0)
            {
                var count = (int)Math.Min(Math.Min(_left, _received.Count), limit - body.Count);
                body.AddRange(Received[..count]);
                _received.RemoveRange(0, count);
                _left -= count;
                _isOver = _left == 0 && !_isChunked;
                return true;
            }

            if (_isChunked && _left == 0 && TryChunk())
            {
                continue;
            }

            if (!await ReceiveAsync())
            {
                return false;
            }
        }

        return false;
    }

    private bool TryChunk()
    {
        var start = Received.StartsWith("\r\n"u8) ? 2 : 0;
        var end = Received[start..].IndexOf("\r\n"u8);
        if (end <= 0)
        {
            return false;
        }

        _left = long.Parse(Encoding.ASCII.GetString(Received.Slice(start, end)), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        _received.RemoveRange(0, start + end + 2);
        _isOver = _left == 0;
        return true;
    }

    private async Task<bool> ReceiveAsync()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            var count = await _socket.ReceiveAsync(buffer).Soon();
            _received.AddRange(buffer.AsSpan(0, count));
            return count > 0;
        }
        catch (Exception cut) when (IsCut(cut))
        {
            return false;
        }
    }
}
