using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>An answer as it came over the wire.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>One keep-alive connection on which requests are written as bytes and answers with a length are read.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _filled;

    public static async Task<RawConnection> OpenAsync(Uri address)
    {
        var connection = new RawConnection();
        await connection._client.ConnectAsync(address.Host, address.Port);
        return connection;
    }

    /// <summary>Sends a POST of <paramref name="body"/> and reads its answer.</summary>
    public async Task<RawAnswer> PostAsync(string path, ReadOnlyMemory<byte> body)
    {
        var stream = _client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n"));
        await stream.WriteAsync(body);
        return await ReadAsync(stream);
    }

    public void Dispose() => _client.Dispose();

    private async Task<RawAnswer> ReadAsync(NetworkStream stream)
    {
        int end;
        while ((end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            await FillAsync(stream);
        }

        var lines = Encoding.ASCII.GetString(_buffer, 0, end).Split("\r\n");
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.OrdinalIgnoreCase);
        var length = int.Parse(headers["Content-Length"], System.Globalization.CultureInfo.InvariantCulture);
        while (_filled < end + 4 + length)
        {
            await FillAsync(stream);
        }

        var body = Encoding.UTF8.GetString(_buffer, end + 4, length);
        Buffer.BlockCopy(_buffer, end + 4 + length, _buffer, 0, _filled -= end + 4 + length);
        return new RawAnswer(int.Parse(lines[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), headers, body);
    }

    private async Task FillAsync(NetworkStream stream)
    {
        var read = await stream.ReadAsync(_buffer.AsMemory(_filled));
        Assert.True(read > 0, $"The connection ended after: {Encoding.UTF8.GetString(_buffer, 0, _filled)}");
        _filled += read;
    }
}
