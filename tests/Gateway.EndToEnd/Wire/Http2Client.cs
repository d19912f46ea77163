using System.Buffers.Binary;
using System.Text;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>HTTP/2 by prior knowledge, frame by frame, as wrong as the test wants it.</summary>
internal sealed class Http2Client : IDisposable
{
    public const byte Data = 0, Headers = 1, Priority = 2, Reset = 3, Settings = 4, Push = 5, Ping = 6, GoAway = 7, WindowUpdate = 8, Continuation = 9;
    public const byte EndStream = 1, Ack = 1, EndHeaders = 4;

    private readonly RawConnection _connection;

    private Http2Client(RawConnection connection) => _connection = connection;

    public static byte[] Preface { get; } = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    public RawConnection Connection => _connection;

    /// <summary>Connects and sends the preface and settings.</summary>
    public static async Task<Http2Client> OpenAsync(Uri address, params (int Id, uint Value)[] settings)
    {
        var client = new Http2Client(await RawConnection.OpenAsync(address));
        await client._connection.SendAsync((byte[])[.. Preface, .. Frame(Settings, 0, 0, SettingsPayload(settings))]);
        return client;
    }

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    public static byte[] SettingsPayload(params (int Id, uint Value)[] settings)
    {
        var payload = new byte[settings.Length * 6];
        for (var i = 0; i < settings.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(i * 6), (ushort)settings[i].Id);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan((i * 6) + 2), settings[i].Value);
        }

        return payload;
    }

    public static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>Fields as literals without indexing, never compressed, whatever stands in them.</summary>
    public static byte[] Block(params (string Name, string Value)[] fields)
    {
        using var block = new MemoryStream();
        foreach (var (name, value) in fields)
        {
            block.WriteByte(0);
            Literal(block, name);
            Literal(block, value);
        }

        return block.ToArray();
    }

    /// <summary>The fields of a request that is sound, with <paramref name="more"/> behind them.</summary>
    public static (string Name, string Value)[] Request(string method = "GET", string path = "/plain/x", params (string Name, string Value)[] more) =>
        [(":method", method), (":scheme", "http"), (":authority", "gateway"), (":path", path), .. more];

    public Task SendAsync(byte type, byte flags, int stream, ReadOnlySpan<byte> payload) => _connection.TrySendAsync(Frame(type, flags, stream, payload));

    public Task SendAsync(byte[] frames) => _connection.TrySendAsync(frames);

    /// <summary>A request without a body.</summary>
    public Task GetAsync(int stream, params (string Name, string Value)[] fields) => SendAsync(Headers, EndStream | EndHeaders, stream, Block(fields));

    /// <summary>The next frame; null when the connection ended.</summary>
    public async Task<Http2Frame?> ReadAsync()
    {
        var head = new byte[9];
        if (!await _connection.ReadExactlyAsync(head))
        {
            return null;
        }

        var payload = new byte[(head[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(1))];
        return await _connection.ReadExactlyAsync(payload)
            ? new Http2Frame(head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue, payload)
            : null;
    }

    /// <summary>What became of a stream: its status, <c>RST n</c>, <c>GOAWAY n</c>, or <c>closed</c>.</summary>
    public async Task<string> OutcomeAsync(int stream)
    {
        while (await ReadAsync() is { } frame)
        {
            switch (frame.Type)
            {
                case Headers when frame.Stream == stream:
                    return frame.Status;
                case Reset when frame.Stream == stream:
                    return $"RST {frame.Code(0)}";
                case GoAway:
                    return $"GOAWAY {frame.Code(4)}";
                default:
                    break;
            }
        }

        return "closed";
    }

    /// <summary>Reads a stream's answer to its end and returns how many bytes of body it had.</summary>
    public async Task<int> BodyAsync(int stream)
    {
        var length = 0;
        while (await ReadAsync() is { } frame)
        {
            if (frame.Stream != stream || frame.Type is not (Data or Headers))
            {
                continue;
            }

            length += frame.Type == Data ? frame.Payload.Length : 0;
            if ((frame.Flags & EndStream) != 0)
            {
                return length;
            }
        }

        return -1;
    }

    public void Dispose() => _connection.Dispose();

    private static void Literal(MemoryStream block, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        if (bytes.Length < 127)
        {
            block.WriteByte((byte)bytes.Length);
        }
        else
        {
            block.WriteByte(127);
            var rest = bytes.Length - 127;
            for (; rest >= 128; rest >>= 7)
            {
                block.WriteByte((byte)((rest & 127) | 128));
            }

            block.WriteByte((byte)rest);
        }

        block.Write(bytes);
    }
}

/// <summary>A frame that came.</summary>
internal sealed record Http2Frame(byte Type, byte Flags, int Stream, byte[] Payload)
{
    private static readonly string[] Indexed = ["200", "204", "206", "304", "400", "404", "500"];

    /// <summary>A number in the payload.</summary>
    public uint Code(int at) => BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(at));

    /// <summary>The status an answer's head begins with.</summary>
    public string Status
    {
        get
        {
            var at = 0;
            while ((Payload[at] & 0xe0) == 0x20)
            {
                // A new size of the table, in one byte or with more behind it.
                if ((Payload[at++] & 31) == 31)
                {
                    while ((Payload[at++] & 128) != 0)
                    {
                    }
                }
            }

            return Payload[at] is >= 0x88 and <= 0x8e and var index ? Indexed[index - 0x88] : Encoding.ASCII.GetString(Payload, at + 2, 3);
        }
    }

    /// <summary>The settings in it, by id.</summary>
    public Dictionary<int, uint> Values()
    {
        var values = new Dictionary<int, uint>();
        for (var at = 0; at < Payload.Length; at += 6)
        {
            values[BinaryPrimitives.ReadUInt16BigEndian(Payload.AsSpan(at))] = Code(at + 2);
        }

        return values;
    }
}
