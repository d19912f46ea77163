using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Inference.Json;

/// <content>Strings: skipped 64 bytes at a time, or decoded when the sink asked for the text.</content>
internal partial struct JsonMachine<TSink>
{
    private const byte Impossible = 0xFF;

    private static readonly SearchValues<byte> _special = SearchValues.Create([.. Enumerable.Range(0, 32).Select(b => (byte)b), (byte)'"', (byte)'\\']);

    private bool BeginName(ReadOnlySpan<byte> span, ref int i)
    {
        _isName = true;
        _nameStart = _position + i;
        _capture = Sink.WantsName(_depth);
        return EnterString(span, ref i);
    }

    private bool BeginString(ReadOnlySpan<byte> span, ref int i)
    {
        _isName = false;
        return Sink.Begin(JsonKind.String, _depth, _position + i, out _capture) ? EnterString(span, ref i) : Stopped();
    }

    private bool EnterString(ReadOnlySpan<byte> span, ref int i)
    {
        i++;
        _state = State.String;
        if (!_capture)
        {
            return true;
        }

        _textLength = 0;
        _highSurrogate = 0;
        var length = span[i..].IndexOfAny(_special);
        if (length < 0 || span[i + length] != '"')
        {
            return true;
        }

        var text = span.Slice(i, length);
        i += length + 1;
        return EndString(i, text);
    }

    private bool EndString(int i, ReadOnlySpan<byte> text)
    {
        if (!_isName)
        {
            return EndValue(JsonKind.String, _position + i, text);
        }

        _state = State.Colon;
        return !_capture || Sink.Name(_depth, _nameStart, text) || Stopped();
    }

    private bool ReadString(ReadOnlySpan<byte> span, ref int i)
    {
        if (_capture)
        {
            return CaptureString(span, ref i);
        }

        ref var origin = ref MemoryMarshal.GetReference(span);
        var at = i;
        while (span.Length - at >= JsonBlock.Size)
        {
            ref var block = ref Unsafe.Add(ref origin, at);
            var special = JsonBlock.Special(ref block);
            if (special == 0)
            {
                at += JsonBlock.Size;
                continue;
            }

            special = JsonBlock.Unescaped(ref block, special, out var length);
            var next = at + length;
            while (special != 0)
            {
                i = at + BitOperations.TrailingZeroCount(special);
                if (span[i] != '\\')
                {
                    return CloseString(span[i], ref i);
                }

                var after = SkipEscape(span, i);
                if (after < 0)
                {
                    i++;
                    _state = State.Escape;
                    return true;
                }

                next = Math.Max(next, after);
                special = after - at >= JsonBlock.Size ? 0 : special & (ulong.MaxValue << (after - at));
            }

            at = next;
        }

        i = at;
        return ReadStringEnd(span, ref i);
    }

    private bool ReadStringEnd(ReadOnlySpan<byte> span, ref int i)
    {
        for (; i < span.Length; i++)
        {
            var b = span[i];
            if (b == '\\')
            {
                i++;
                _state = State.Escape;
                return true;
            }

            if (b is (byte)'"' or < 0x20)
            {
                return CloseString(b, ref i);
            }
        }

        return true;
    }

    private bool CloseString(byte b, ref int i)
    {
        i++;
        return b == '"' ? EndString(i, default) : Malformed();
    }

    /// <summary>Index after the escape whose backslash is at <paramref name="at"/>; −1 when it is cut off or wrong, which the slow way finds out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SkipEscape(ReadOnlySpan<byte> span, int at)
    {
        if (at + 1 >= span.Length)
        {
            return -1;
        }

        var b = span[at + 1];
        if (b == 'u')
        {
            return at + 5 < span.Length
                && char.IsAsciiHexDigit((char)span[at + 2]) && char.IsAsciiHexDigit((char)span[at + 3])
                && char.IsAsciiHexDigit((char)span[at + 4]) && char.IsAsciiHexDigit((char)span[at + 5]) ? at + 6 : -1;
        }

        return Unescape(b) != 0 ? at + 2 : -1;
    }

    private static byte Unescape(byte b) => b switch
    {
        (byte)'"' or (byte)'\\' or (byte)'/' => b,
        (byte)'n' => (byte)'\n',
        (byte)'t' => (byte)'\t',
        (byte)'r' => (byte)'\r',
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        _ => 0,
    };

    private bool ReadEscape(ReadOnlySpan<byte> span, ref int i)
    {
        var b = span[i++];
        if (b == 'u')
        {
            _hexDigits = 0;
            _codeUnit = 0;
            _state = State.Hex;
            return true;
        }

        var plain = Unescape(b);
        if (plain == 0)
        {
            return Malformed();
        }

        _state = State.String;
        if (_capture)
        {
            Append(plain);
        }

        return true;
    }

    private bool ReadHex(ReadOnlySpan<byte> span, ref int i)
    {
        var b = span[i++];
        if (!char.IsAsciiHexDigit((char)b))
        {
            return Malformed();
        }

        _codeUnit = (_codeUnit << 4) | ((b & 15) + (b > '9' ? 9 : 0));
        if (++_hexDigits == 4)
        {
            _state = State.String;
            if (_capture)
            {
                AppendCodeUnit();
            }
        }

        return true;
    }

    private bool CaptureString(ReadOnlySpan<byte> span, ref int i)
    {
        while (i < span.Length)
        {
            var b = span[i++];
            if (b == '\\')
            {
                _state = State.Escape;
                return true;
            }

            if (b == '"')
            {
                CloseSurrogate();
                return EndString(i, _text[.._textLength]);
            }

            if (b < 0x20)
            {
                return Malformed();
            }

            Append(b);
        }

        return true;
    }

    private void Append(byte b)
    {
        CloseSurrogate();
        Put(b);
    }

    private void AppendCodeUnit()
    {
        if (char.IsLowSurrogate((char)_codeUnit) && _highSurrogate != 0)
        {
            PutRune(char.ConvertToUtf32((char)_highSurrogate, (char)_codeUnit));
            _highSurrogate = 0;
            return;
        }

        CloseSurrogate();
        if (char.IsHighSurrogate((char)_codeUnit))
        {
            _highSurrogate = _codeUnit;
        }
        else if (_codeUnit == 0 || char.IsLowSurrogate((char)_codeUnit))
        {
            Put(Impossible);
        }
        else
        {
            PutRune(_codeUnit);
        }
    }

    private void CloseSurrogate()
    {
        if (_highSurrogate != 0)
        {
            _highSurrogate = 0;
            Put(Impossible);
        }
    }

    private void PutRune(int value)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var b in utf8[..new System.Text.Rune(value).EncodeToUtf8(utf8)])
        {
            Put(b);
        }
    }

    private void Put(byte b)
    {
        if (_textLength <= MaxText)
        {
            _text[_textLength++] = b;
        }
    }

    [InlineArray(MaxText + 1)]
    private struct TextBuffer
    {
        private byte _first;
    }
}
