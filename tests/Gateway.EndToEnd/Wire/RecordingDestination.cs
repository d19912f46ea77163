using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>
/// A destination that parses what arrives by the letter of RFC 9112 with a parser of its own, notes it, and answers 200. What breaks the grammar
/// or ends early is noted as a breach and not answered.
/// </summary>
internal sealed partial class RecordingDestination : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private readonly Task _accepting;
    private readonly string _answerHeaders;

    /// <summary>Starts listening; <paramref name="answerHeaders"/> are header lines added to each answer.</summary>
    public RecordingDestination(string answerHeaders = "")
    {
        _answerHeaders = answerHeaders;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <summary>Everything seen since the last time it was asked for.</summary>
    public IReadOnlyList<RecordedRequest> Take()
    {
        var taken = new List<RecordedRequest>();
        while (_requests.TryDequeue(out var request))
        {
            taken.Add(request);
        }

        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        foreach (var socket in _open.Keys)
        {
            socket.Dispose();
        }

        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var socket = await _listener.AcceptSocketAsync();
            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        _open.TryAdd(socket, 0);
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            while (await ReadAsync(new ByteReader(stream)) is { } request)
            {
                // The gateway's own questions about models have no request id; everything forwarded has one.
                if (!request.IsWhole || request.Header("X-Request-Id") is not null)
                {
                    _requests.Enqueue(request);
                }

                if (!request.IsWhole)
                {
                    return;
                }

                await stream.WriteAsync(Encoding.Latin1.GetBytes(
                    $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{_answerHeaders}Content-Length: {(request.Method == "HEAD" ? 0 : 2)}\r\n\r\n{(request.Method == "HEAD" ? "" : "{}")}"));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
        }
        finally
        {
            _open.TryRemove(socket, out _);
        }
    }

    private static async Task<RecordedRequest?> ReadAsync(ByteReader reader)
    {
        string method = "", target = "";
        var headers = new List<KeyValuePair<string, string>>();
        var body = new StringBuilder();
        RecordedRequest Seen(string? breach) => new(method, target, headers, body.ToString(), breach);
        try
        {
            if (await reader.LineAsync() is not { } line)
            {
                return null;
            }

            if (RequestLine().Match(line) is not { Success: true } start)
            {
                return Seen($"'{line}' is no request line");
            }

            (method, target) = (start.Groups[1].Value, start.Groups[2].Value);
            while (await reader.LineAsync() is { Length: > 0 } header)
            {
                if (HeaderLine().Match(header) is not { Success: true } field)
                {
                    return Seen($"'{header}' is no header");
                }

                headers.Add(KeyValuePair.Create(field.Groups[1].Value, field.Groups[2].Value));
            }

            return Seen(await BodyAsync(reader, Seen(null), body));
        }
        catch (EndOfStreamException)
        {
            return Seen("it ends early");
        }
        catch (FormatException exception)
        {
            return Seen(exception.Message);
        }
    }

    private static async Task<string?> BodyAsync(ByteReader reader, RecordedRequest head, StringBuilder body)
    {
        var length = head.Header("Content-Length");
        var encoding = head.Header("Transfer-Encoding");
        if (length is not null && encoding is not null)
        {
            return "it has a length and an encoding";
        }

        if (encoding is not null)
        {
            return encoding == "chunked" ? await ChunksAsync(reader, body) : $"its encoding is '{encoding}'";
        }

        if (length is not null)
        {
            if (!Digits().IsMatch(length))
            {
                return $"its length is '{length}'";
            }

            body.Append(await reader.BytesAsync(int.Parse(length, CultureInfo.InvariantCulture)));
        }

        return null;
    }

    private static async Task<string?> ChunksAsync(ByteReader reader, StringBuilder body)
    {
        while (true)
        {
            var line = await reader.LineAsync() ?? throw new EndOfStreamException();
            if (!Hex().IsMatch(line))
            {
                return $"'{line}' is no chunk size";
            }

            var size = int.Parse(line, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Append(await reader.BytesAsync(size));
            if (await reader.LineAsync() is not "")
            {
                return size == 0 ? "it has trailers" : "a chunk is longer than it says";
            }

            if (size == 0)
            {
                return null;
            }
        }
    }

    [GeneratedRegex(@"\A([A-Z]+) ([!-~]+) HTTP/1\.1\z")]
    private static partial Regex RequestLine();

    [GeneratedRegex(@"\A([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~\t]*?)[ \t]*\z")]
    private static partial Regex HeaderLine();

    [GeneratedRegex(@"\A[0-9]{1,9}\z")]
    private static partial Regex Digits();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{1,7}\z")]
    private static partial Regex Hex();

    /// <summary>Lines that end in CRLF and in nothing else.</summary>
    private sealed class ByteReader(Stream stream)
    {
        private readonly byte[] _one = new byte[1];

        /// <summary>The next line; null when the connection ended before it began.</summary>
        public async Task<string?> LineAsync()
        {
            var line = new StringBuilder();
            while (true)
            {
                if (await stream.ReadAsync(_one) == 0)
                {
                    return line.Length == 0 ? null : throw new EndOfStreamException();
                }

                if (_one[0] == '\n')
                {
                    throw new FormatException($"a bare LF after '{line}'");
                }

                if (_one[0] == '\r')
                {
                    await stream.ReadExactlyAsync(_one);
                    return _one[0] == '\n' ? line.ToString() : throw new FormatException($"a bare CR after '{line}'");
                }

                line.Append((char)_one[0]);
            }
        }

        public async Task<string> BytesAsync(int count)
        {
            var bytes = new byte[count];
            await stream.ReadExactlyAsync(bytes);
            return Encoding.Latin1.GetString(bytes);
        }
    }
}
