using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Inference.Json;

/// <summary>
/// Reads one JSON document (RFC 8259, no extensions) in pieces of any size, without allocating and without keeping what passed. It checks the grammar
/// in full, but not that strings are valid UTF-8. Cost is linear in the bytes; memory is this struct.
/// </summary>
/// <typeparam name="TSink">What is told; a struct, so that calls are inlined.</typeparam>
[StructLayout(LayoutKind.Auto)]
internal partial struct JsonMachine<TSink>
    where TSink : struct, IJsonSink
{
    /// <summary>Containers that may be open at once, as in <see cref="System.Text.Json"/>.</summary>
    public const int MaxDepth = 64;

    /// <summary>Longest text told in full when it had to be pieced together, bytes.</summary>
    public const int MaxText = 256;

    private static readonly SearchValues<byte> _space = SearchValues.Create(" \n\r\t"u8);

    /// <summary>The sink with what it found.</summary>
    public TSink Sink;

    private State _state;
    private NumberPart _number;
    private JsonKind _literal;
    private bool _isName;
    private bool _capture;
    private ulong _arrays;
    private int _depth;
    private int _position;
    private int _literalLength;
    private int _nameStart;
    private int _hexDigits;
    private int _codeUnit;
    private int _highSurrogate;
    private int _textLength;
    private TextBuffer _text;

    private enum State : byte
    {
        Value,
        FirstValue,
        FirstName,
        NextName,
        Colon,
        AfterValue,
        End,
        String,
        Escape,
        Hex,
        Number,
        Literal,
    }

    /// <summary>Why reading stopped, <see cref="JsonFault.None"/> while all is well.</summary>
    public JsonFault Fault { readonly get; private set; }

    /// <summary>Bytes read.</summary>
    public readonly int Position => _position;

    /// <summary>Reads the next piece. False when reading has stopped, see <see cref="Fault"/>.</summary>
    public bool Feed(ReadOnlySpan<byte> span)
    {
        if (Fault != JsonFault.None)
        {
            return false;
        }

        if (span.Length > int.MaxValue - _position)
        {
            return Stopped();
        }

        for (var i = 0; i < span.Length;)
        {
            var more = _state switch
            {
                State.String => ReadString(span, ref i),
                State.Escape => ReadEscape(span, ref i),
                State.Hex => ReadHex(span, ref i),
                State.Number => ReadNumber(span, ref i),
                State.Literal => ReadLiteral(span, ref i),
                _ => ReadStructure(span, ref i),
            };
            if (!more)
            {
                return false;
            }
        }

        _position += span.Length;
        return true;
    }

    /// <summary>Says that the document ends here. False when it is not whole or reading had stopped.</summary>
    public bool Finish()
    {
        if (Fault != JsonFault.None)
        {
            return false;
        }

        if (_state == State.Number && !EndNumber(_position))
        {
            return false;
        }

        return _state == State.End || Malformed();
    }

    /// <summary>Counts on from <paramref name="position"/>, for documents that stand in pieces inside something else.</summary>
    public void MoveTo(int position) => _position = position;

    /// <summary>Gets ready for the next document; the sink is left as it is.</summary>
    public void Restart()
    {
        Fault = JsonFault.None;
        _state = State.Value;
        _depth = 0;
        _arrays = 0;
        _position = 0;
    }

    private bool ReadStructure(ReadOnlySpan<byte> span, ref int i)
    {
        do
        {
            var b = span[i];
            if (b <= ' ' ? !SkipSpace(span, ref i) : !ReadMark(b, span, ref i))
            {
                return false;
            }
        }
        while (i < span.Length && _state <= State.End);

        return true;
    }

    private bool ReadMark(byte b, ReadOnlySpan<byte> span, ref int i)
    {
        switch (_state)
        {
            case State.AfterValue:
                return AfterValue(b, ref i);
            case State.Colon:
                i++;
                _state = State.Value;
                return b == ':' || Malformed();
            case State.FirstName when b == '}':
                i++;
                return EndContainer(JsonKind.Object, _position + i);
            case State.FirstName or State.NextName:
                return b == '"' ? BeginName(span, ref i) : Malformed();
            case State.FirstValue when b == ']':
                i++;
                return EndContainer(JsonKind.Array, _position + i);
            case State.FirstValue or State.Value:
                return BeginValue(b, span, ref i);
            default:
                return Malformed();
        }
    }

    private bool SkipSpace(ReadOnlySpan<byte> span, ref int i)
    {
        for (var far = i + 8; i < span.Length && span[i] <= ' '; i++)
        {
            if (span[i] is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
            {
                return Malformed();
            }

            if (i == far)
            {
                var run = span[i..].IndexOfAnyExcept(_space);
                i = run < 0 ? span.Length - 1 : i + run - 1;
            }
        }

        return true;
    }

    private bool AfterValue(byte b, ref int i)
    {
        i++;
        var array = (_arrays & 1) != 0;
        if (b == ',')
        {
            _state = array ? State.Value : State.NextName;
            return true;
        }

        if (b != (array ? ']' : '}'))
        {
            return Malformed();
        }

        return EndContainer(array ? JsonKind.Array : JsonKind.Object, _position + i);
    }

    private bool BeginValue(byte b, ReadOnlySpan<byte> span, ref int i)
    {
        switch (b)
        {
            case (byte)'"':
                return BeginString(span, ref i);
            case (byte)'{':
                return BeginContainer(JsonKind.Object, ref i);
            case (byte)'[':
                return BeginContainer(JsonKind.Array, ref i);
            case (byte)'t':
                return BeginLiteral(JsonKind.True, span, ref i);
            case (byte)'f':
                return BeginLiteral(JsonKind.False, span, ref i);
            case (byte)'n':
                return BeginLiteral(JsonKind.Null, span, ref i);
            default:
                return b == '-' || (uint)(b - '0') <= 9 ? BeginNumber(span, ref i) : Malformed();
        }
    }

    private bool BeginContainer(JsonKind kind, ref int i)
    {
        if (_depth == MaxDepth)
        {
            Fault = JsonFault.TooDeep;
            return false;
        }

        if (!Sink.Begin(kind, _depth, _position + i, out _))
        {
            return Stopped();
        }

        i++;
        _depth++;
        var array = kind == JsonKind.Array;
        _arrays = (_arrays << 1) | (array ? 1UL : 0);
        _state = array ? State.FirstValue : State.FirstName;
        return true;
    }

    private bool EndContainer(JsonKind kind, int end)
    {
        _depth--;
        _arrays >>= 1;
        return EndValue(kind, end, default);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool EndValue(JsonKind kind, int end, ReadOnlySpan<byte> text)
    {
        _state = _depth == 0 ? State.End : State.AfterValue;
        return Sink.End(kind, _depth, end, text) || Stopped();
    }

    private bool Malformed()
    {
        Fault = JsonFault.Malformed;
        return false;
    }

    private bool Stopped()
    {
        Fault = JsonFault.Stopped;
        return false;
    }
}
