using System.Buffers.Text;
using System.Text;

namespace BlazeGateway.Bench;

/// <summary>Where a response stands after the bytes fed so far.</summary>
internal enum ReadState
{
    /// <summary>Not complete.</summary>
    More,

    /// <summary>Complete, nothing left over.</summary>
    Done,

    /// <summary>Not HTTP/1.1.</summary>
    Malformed,
}

/// <summary>
/// Reads one HTTP/1.1 response from pieces of any size: content-length, chunked, and until close. It keeps what a load generator
/// needs and nothing else; the body goes to a <see cref="BodyObserver"/>.
/// </summary>
internal sealed class ResponseReader
{
    private const int MaxHeadBytes = 32 * 1024;
    private byte[]? _carry;
    private int _carried;
    private Phase _phase;
    private long _left;
    private bool _chunked;
    private bool _seenDigit;
    private bool _inExtension;
    private int _lineLength;

    private enum Phase
    {
        Head,
        Length,
        UntilClose,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        Trailers,
        Done,
    }

    /// <summary>The final status, 0 before a head was read.</summary>
    public int Status { get; private set; }

    /// <summary>Whether the connection may carry another request.</summary>
    public bool KeepAlive { get; private set; }

    /// <summary>The value of <c>Retry-After</c>.</summary>
    public string? RetryAfter { get; private set; }

    /// <summary>Whether any byte came.</summary>
    public bool Started { get; private set; }

    /// <summary>Whether a body is never sent, as for HEAD.</summary>
    public bool IsBodiless { get; set; }

    /// <summary>Gets ready for the next response.</summary>
    public void Reset()
    {
        _phase = Phase.Head;
        _carried = 0;
        Status = 0;
        RetryAfter = null;
        Started = false;
    }

    /// <summary>Takes the next bytes. Bytes after the response's end make it malformed: nothing was asked that they could answer.</summary>
    public ReadState Feed(ReadOnlySpan<byte> data, BodyObserver body)
    {
        Started |= data.Length > 0;
        while (true)
        {
            if (_phase == Phase.Done)
            {
                return data.IsEmpty ? ReadState.Done : ReadState.Malformed;
            }

            if (data.IsEmpty)
            {
                return ReadState.More;
            }

            var well = _phase switch
            {
                Phase.Head => Head(ref data, body),
                Phase.Length or Phase.ChunkData or Phase.UntilClose => Body(ref data, body),
                _ => ChunkFraming(ref data),
            };
            if (!well)
            {
                return ReadState.Malformed;
            }
        }
    }

    /// <summary>The peer closed: complete only for a body that ends so.</summary>
    public ReadState Close()
    {
        KeepAlive = false;
        return _phase is Phase.UntilClose or Phase.Done ? ReadState.Done : ReadState.More;
    }

    private bool Head(ref ReadOnlySpan<byte> data, BodyObserver body)
    {
        ReadOnlySpan<byte> head;
        var before = _carried;
        if (before == 0)
        {
            head = data;
        }
        else
        {
            var taken = Math.Min(data.Length, MaxHeadBytes - before);
            data[..taken].CopyTo(_carry.AsSpan(before));
            head = _carry.AsSpan(0, before + taken);
        }

        var end = head.IndexOf("\r\n\r\n"u8);
        if (end >= 0)
        {
            data = data[(end + 4 - before)..];
            _carried = 0;
            var isWell = ParseHead(head[..(end + 2)]);
            body.ReadsEvents = body.IsStream && Status == 200;
            return isWell;
        }

        if (head.Length >= MaxHeadBytes)
        {
            return false;
        }

        _carry ??= new byte[MaxHeadBytes];
        if (before == 0)
        {
            head.CopyTo(_carry);
        }

        _carried = head.Length;
        data = [];
        return true;
    }

    private bool ParseHead(ReadOnlySpan<byte> head)
    {
        if (head.Length < 14 || !head.StartsWith("HTTP/1."u8) || !Utf8Parser.TryParse(head[9..12], out int status, out var digits) || digits != 3)
        {
            return false;
        }

        Status = status;
        KeepAlive = head[7] == (byte)'1';
        _chunked = false;
        long? length = null;
        var rest = head[(head.IndexOf("\r\n"u8) + 2)..];
        while (rest.Length > 0)
        {
            var lineEnd = rest.IndexOf("\r\n"u8);
            if (!Field(rest[..lineEnd], ref length))
            {
                return false;
            }

            rest = rest[(lineEnd + 2)..];
        }

        _phase = Next(length);
        return true;
    }

    private Phase Next(long? length)
    {
        if (Status < 200)
        {
            return Phase.Head;
        }

        if (IsBodiless || Status is 204 or 304)
        {
            return Phase.Done;
        }

        if (_chunked)
        {
            StartChunk();
            return Phase.ChunkSize;
        }

        if (length is not { } bytes)
        {
            KeepAlive = false;
            return Phase.UntilClose;
        }

        _left = bytes;
        return bytes == 0 ? Phase.Done : Phase.Length;
    }

    private bool Field(ReadOnlySpan<byte> line, ref long? length)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0)
        {
            return false;
        }

        var name = line[..colon];
        switch (name.Length)
        {
            case 14 when Ascii.EqualsIgnoreCase(name, "content-length"u8):
                var value = line[(colon + 1)..].Trim((byte)' ');
                var valid = Utf8Parser.TryParse(value, out long bytes, out var used) && used == value.Length && bytes >= 0;
                length = bytes;
                return valid;
            case 17 when Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8):
                _chunked = Ascii.EqualsIgnoreCase(line[(colon + 1)..].Trim((byte)' '), "chunked"u8);
                return _chunked;
            case 10 when Ascii.EqualsIgnoreCase(name, "connection"u8):
                KeepAlive &= !Ascii.EqualsIgnoreCase(line[(colon + 1)..].Trim((byte)' '), "close"u8);
                return true;
            case 11 when Ascii.EqualsIgnoreCase(name, "retry-after"u8):
                RetryAfter = Encoding.ASCII.GetString(line[(colon + 1)..].Trim((byte)' '));
                return true;
            default:
                return true;
        }
    }

    private bool Body(ref ReadOnlySpan<byte> data, BodyObserver body)
    {
        var taken = _phase == Phase.UntilClose ? data.Length : (int)Math.Min(_left, data.Length);
        body.Feed(data[..taken]);
        data = data[taken..];
        _left -= taken;
        if (_left == 0 && _phase != Phase.UntilClose)
        {
            _phase = _phase == Phase.Length ? Phase.Done : Phase.ChunkEnd;
        }

        return true;
    }

    private bool ChunkFraming(ref ReadOnlySpan<byte> data)
    {
        var value = data[0];
        data = data[1..];
        return _phase switch
        {
            Phase.ChunkSize => ChunkSize(value),
            Phase.ChunkEnd => ChunkEnd(value),
            _ => Trailer(value),
        };
    }

    private bool ChunkSize(byte value)
    {
        if (value == (byte)'\n')
        {
            _phase = _left == 0 ? Phase.Trailers : Phase.ChunkData;
            _lineLength = 0;
            return _seenDigit;
        }

        if (value == (byte)'\r' || _inExtension)
        {
            return true;
        }

        if (value is (byte)';' or (byte)' ')
        {
            _inExtension = true;
            return _seenDigit;
        }

        _seenDigit = true;
        if (!char.IsAsciiHexDigit((char)value))
        {
            return false;
        }

        _left = (_left << 4) + (value <= (byte)'9' ? value - '0' : (value | 0x20) - 'a' + 10);
        return _left < 1L << 40;
    }

    private bool ChunkEnd(byte value)
    {
        if (value == (byte)'\r')
        {
            return true;
        }

        StartChunk();
        _phase = Phase.ChunkSize;
        return value == (byte)'\n';
    }

    private bool Trailer(byte value)
    {
        if (value == (byte)'\n')
        {
            _phase = _lineLength == 0 ? Phase.Done : Phase.Trailers;
            _lineLength = 0;
        }
        else if (value != (byte)'\r')
        {
            _lineLength++;
        }

        return true;
    }

    private void StartChunk()
    {
        _left = 0;
        _seenDigit = false;
        _inExtension = false;
    }
}
