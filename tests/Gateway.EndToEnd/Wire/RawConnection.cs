using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>A TCP connection that sends bytes as they are and reads HTTP/1.1 answers. Every wait has a generous end.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Stream _stream;
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _from;
    private int _to;

    private RawConnection(Socket socket, Stream stream)
    {
        _socket = socket;
        _stream = stream;
    }

    /// <summary>The socket, for what a stream cannot do.</summary>
    public Socket Socket => _socket;

    public static async Task<RawConnection> OpenAsync(Uri address, int receiveBuffer = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer > 0)
        {
            socket.ReceiveBufferSize = receiveBuffer;
        }

        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port, patience.Token);
        return new RawConnection(socket, new NetworkStream(socket, ownsSocket: true));
    }

    /// <summary>Whether a new connection is closed without an answer to a request.</summary>
    public static async Task<bool> IsRefusedAsync(Uri address)
    {
        try
        {
            using var connection = await OpenAsync(address);
            await connection.TrySendAsync("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
            return (await connection.ReadToEndAsync()).Length == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var patience = new CancellationTokenSource(Patience);
        await _stream.WriteAsync(bytes, patience.Token);
    }

    /// <summary>Sends what the other side may refuse to take; a reset is what it is there for.</summary>
    public async Task TrySendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await SendAsync(bytes);
        }
        catch (IOException)
        {
        }
    }

    /// <summary>Sends nothing more.</summary>
    public void Finish()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The other side has ended it already.
        }
    }

    /// <summary>Reads the next answer, passing over interim ones; null when the connection ended before it began.</summary>
    public async Task<RawAnswer?> ReadAnswerAsync(bool isHead = false)
    {
        while (true)
        {
            var line = await ReadLineAsync();
            if (line is null)
            {
                return null;
            }

            Assert.Matches("^HTTP/1\\.1 [1-5][0-9][0-9] ", line + " ");
            var status = int.Parse(line.AsSpan(9, 3), CultureInfo.InvariantCulture);
            var headers = new List<KeyValuePair<string, string>>();
            while (await ReadLineAsync() is { Length: > 0 } header)
            {
                var colon = header.IndexOf(':', StringComparison.Ordinal);
                Assert.True(colon > 0, $"'{header}' is no header");
                headers.Add(KeyValuePair.Create(header[..colon], header[(colon + 1)..].Trim()));
            }

            var answer = new RawAnswer(status, headers, []);
            if (status is 100 or 103)
            {
                continue;
            }

            return isHead || status is 101 or 204 or 304 ? answer : answer with { Body = await ReadBodyAsync(answer) };
        }
    }

    /// <summary>Reads some bytes; 0 when the connection ended, by a reset too.</summary>
    public async Task<int> ReadAsync(Memory<byte> into)
    {
        if (_from == _to && !await FillAsync())
        {
            return 0;
        }

        var count = Math.Min(into.Length, _to - _from);
        _buffer.AsMemory(_from, count).CopyTo(into);
        _from += count;
        return count;
    }

    /// <summary>Reads exactly this many bytes; false when the connection ended before.</summary>
    public async Task<bool> ReadExactlyAsync(Memory<byte> into)
    {
        while (!into.IsEmpty)
        {
            var read = await ReadAsync(into);
            if (read == 0)
            {
                return false;
            }

            into = into[read..];
        }

        return true;
    }

    /// <summary>Reads until the connection ends and returns what came, as Latin-1.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        var chunk = new byte[4096];
        while (await ReadAsync(chunk) is > 0 and var read)
        {
            text.Append(Encoding.Latin1.GetString(chunk, 0, read));
        }

        return text.ToString();
    }

    public void Dispose() => _stream.Dispose();

    private async Task<byte[]> ReadBodyAsync(RawAnswer answer)
    {
        if (answer.Header("Transfer-Encoding") is "chunked")
        {
            using var whole = new MemoryStream();
            while (true)
            {
                var size = int.Parse(await ReadLineAsync() ?? "", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                var chunk = new byte[size + 2];
                Assert.True(await ReadExactlyAsync(chunk), "the answer broke off inside a chunk");
                if (size == 0)
                {
                    return whole.ToArray();
                }

                whole.Write(chunk, 0, size);
            }
        }

        if (answer.Header("Content-Length") is { } length)
        {
            var body = new byte[int.Parse(length, CultureInfo.InvariantCulture)];
            Assert.True(await ReadExactlyAsync(body), "the answer broke off");
            return body;
        }

        return Encoding.Latin1.GetBytes(await ReadToEndAsync());
    }

    private async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_from == _to && !await FillAsync())
            {
                return line.Length == 0 ? null : line.ToString();
            }

            var at = _buffer.AsSpan(_from, _to - _from).IndexOf((byte)'\n');
            var end = at < 0 ? _to : _from + at;
            line.Append(Encoding.Latin1.GetString(_buffer, _from, end - _from));
            _from = at < 0 ? end : end + 1;
            if (at >= 0)
            {
                return line.ToString().TrimEnd('\r');
            }
        }
    }

    private async Task<bool> FillAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            _from = 0;
            _to = await _stream.ReadAsync(_buffer, patience.Token);
        }
        catch (IOException)
        {
            _to = 0;
        }

        return _to > 0;
    }
}
