using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Inference;

/// <summary>What the next bytes of an event stream are.</summary>
internal enum EventStep : byte
{
    /// <summary>Nothing of interest.</summary>
    None,

    /// <summary>Bytes of data.</summary>
    Data,

    /// <summary>Another line of data begins: a line feed stands between them.</summary>
    NewLine,

    /// <summary>The blank line after an event with at least one field.</summary>
    Dispatch,
}

/// <summary>Splits server-sent events into fields: lines end with LF, CR or CRLF, and may be cut anywhere between reads.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct EventFramer
{
    private Part _part;
    private bool _afterReturn;
    private bool _afterMark;
    private bool _hasField;
    private bool _hasData;
    private ulong _name;
    private int _nameLength;
    private ulong _head;
    private int _headLength;
    private ulong _type;
    private int _typeLength;
    private bool _errorField;

    private enum Part : byte
    {
        LineStart,
        Name,
        Space,
        Data,
        Type,
        Skip,
    }

    /// <summary>Whether no event is open.</summary>
    public readonly bool AtBoundary => _part == Part.LineStart && !_hasField;

    /// <summary>Whether the event has data.</summary>
    public readonly bool HasData => _hasData;

    /// <summary>Whether the event says it is an error by its type or by an <c>error</c> field.</summary>
    public readonly bool IsError => _errorField || (_typeLength == 5 && _type == Pack("error"u8));

    /// <summary>Whether the data is <c>[DONE]</c>.</summary>
    public readonly bool IsDone => _headLength >= 6 && (_head & 0xFFFF_FFFF_FFFF) == Pack("[DONE]"u8);

    /// <summary>Takes the next step and moves <paramref name="bytes"/> on.</summary>
    public EventStep Next(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> data)
    {
        data = default;
        switch (_part)
        {
            case Part.LineStart:
                return StartLine(ref bytes);
            case Part.Name:
                return ReadName(ref bytes);
            case Part.Space:
                bytes = bytes[0] == ' ' ? bytes[1..] : bytes;
                return Value();
            default:
                return ReadValue(ref bytes, out data);
        }
    }

    /// <summary>Ends the stream. True when an event is open.</summary>
    public bool End()
    {
        _part = Part.LineStart;
        return _hasField;
    }

    /// <summary>Gets ready for the next event.</summary>
    public void Forget()
    {
        _hasField = false;
        _hasData = false;
        _errorField = false;
        _headLength = 0;
        _head = 0;
        _typeLength = 0;
        _type = 0;
    }

    private EventStep StartLine(ref ReadOnlySpan<byte> bytes)
    {
        var b = bytes[0];
        var skip = _afterReturn && b == '\n';
        _afterReturn = false;
        if (skip)
        {
            bytes = bytes[1..];
            return EventStep.None;
        }

        if (b is (byte)'\n' or (byte)'\r')
        {
            EndLine(ref bytes);
            return _hasField ? EventStep.Dispatch : EventStep.None;
        }

        if (bytes.StartsWith("data: "u8))
        {
            bytes = bytes[6..];
            _name = Pack("data"u8);
            _nameLength = 4;
            _hasField = true;
            return Value();
        }

        _name = 0;
        _nameLength = 0;
        _part = Part.Name;
        return EventStep.None;
    }

    private EventStep ReadName(ref ReadOnlySpan<byte> bytes)
    {
        var b = bytes[0];
        if (b == ':')
        {
            bytes = bytes[1..];
            var comment = _nameLength == 0;
            _hasField |= !comment;
            _part = comment ? Part.Skip : Part.Space;
            return EventStep.None;
        }

        if (b is (byte)'\n' or (byte)'\r')
        {
            _hasField = true;
            EndLine(ref bytes);
            return EventStep.None;
        }

        bytes = bytes[1..];
        Add(ref _name, ref _nameLength, b);
        if (!_afterMark && _nameLength == 3 && _name == Pack([0xEF, 0xBB, 0xBF]))
        {
            _afterMark = true;
            _name = 0;
            _nameLength = 0;
            _part = Part.LineStart;
        }

        return EventStep.None;
    }

    private EventStep Value()
    {
        var error = _nameLength == 5 && _name == Pack("error"u8);
        if (error || (_nameLength == 4 && _name == Pack("data"u8)))
        {
            _errorField |= error;
            var again = _hasData;
            _hasData = true;
            _part = Part.Data;
            return again ? EventStep.NewLine : EventStep.None;
        }

        _part = _nameLength == 5 && _name == Pack("event"u8) ? Part.Type : Part.Skip;
        if (_part == Part.Type)
        {
            _type = 0;
            _typeLength = 0;
        }

        return EventStep.None;
    }

    private EventStep ReadValue(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> data)
    {
        var end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
        var value = end < 0 ? bytes : bytes[..end];
        bytes = end < 0 ? default : bytes[end..];
        data = value;
        var isData = _part == Part.Data;
        if (isData)
        {
            Take(ref _head, ref _headLength, value);
        }
        else if (_part == Part.Type)
        {
            Take(ref _type, ref _typeLength, value);
        }

        if (end >= 0)
        {
            EndLine(ref bytes);
        }

        return isData ? EventStep.Data : EventStep.None;
    }

    private void EndLine(ref ReadOnlySpan<byte> bytes)
    {
        _afterReturn = bytes[0] == '\r';
        bytes = bytes[1..];
        _part = Part.LineStart;
        _afterMark = true;
    }

    private static void Take(ref ulong packed, ref int length, ReadOnlySpan<byte> value)
    {
        for (var i = 0; i < value.Length && length < 9; i++)
        {
            Add(ref packed, ref length, value[i]);
        }
    }

    private static void Add(ref ulong packed, ref int length, byte b)
    {
        if (length < 8)
        {
            packed |= (ulong)b << (8 * length);
        }

        length = Math.Min(length + 1, 9);
    }

    private static ulong Pack(ReadOnlySpan<byte> text)
    {
        var packed = 0UL;
        for (var i = 0; i < text.Length; i++)
        {
            packed |= (ulong)text[i] << (8 * i);
        }

        return packed;
    }
}
