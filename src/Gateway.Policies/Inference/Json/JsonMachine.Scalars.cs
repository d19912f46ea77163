namespace BlazeGateway.Policies.Inference.Json;

/// <content>Numbers and literals.</content>
internal partial struct JsonMachine<TSink>
{
    private enum NumberPart : byte
    {
        Minus,
        Zero,
        Integer,
        Point,
        Fraction,
        Exponent,
        ExponentSign,
        ExponentDigits,
    }

    private bool BeginNumber(ReadOnlySpan<byte> span, ref int i)
    {
        if ((_arrays & 1) != 0 && Sink.Skims(_depth) && SkimNumbers(span, ref i))
        {
            return true;
        }

        if (!Sink.Begin(JsonKind.Number, _depth, _position + i, out _capture))
        {
            return Stopped();
        }

        var b = span[i++];
        _number = b switch
        {
            (byte)'-' => NumberPart.Minus,
            (byte)'0' => NumberPart.Zero,
            _ => NumberPart.Integer,
        };
        _state = State.Number;
        if (_capture)
        {
            _textLength = 0;
            _highSurrogate = 0;
            Put(b);
        }

        return true;
    }

    /// <summary>Passes plain numbers of an array nobody looks into. False when it met something else and did not move.</summary>
    private bool SkimNumbers(ReadOnlySpan<byte> span, ref int i)
    {
        var start = i;
        while (true)
        {
            var at = i;
            at += at < span.Length && span[at] == '-' ? 1 : 0;
            var length = Digits(span, at);
            if (length == 0 || (length > 1 && span[at] == '0'))
            {
                break;
            }

            at += length;
            if (at < span.Length && span[at] == '.')
            {
                length = Digits(span, at + 1);
                at = length == 0 ? span.Length : at + 1 + length;
            }

            if (at >= span.Length || span[at] is not ((byte)',' or (byte)']'))
            {
                break;
            }

            var more = span[at] == ',';
            i = more ? at + 1 : at;
            i += more && i < span.Length && span[i] == ' ' ? 1 : 0;
            _state = more ? State.Value : State.AfterValue;
            if (!more)
            {
                return true;
            }
        }

        return i > start;
    }

    private static int Digits(ReadOnlySpan<byte> span, int start)
    {
        var at = start;
        while (at < span.Length && (uint)(span[at] - '0') <= 9)
        {
            at++;
        }

        return at - start;
    }

    private bool ReadNumber(ReadOnlySpan<byte> span, ref int i)
    {
        for (; i < span.Length; i++)
        {
            var b = span[i];
            if ((uint)(b - '0') <= 9)
            {
                if (!NextDigit(b))
                {
                    return Malformed();
                }
            }
            else if (b is (byte)'.' or (byte)'e' or (byte)'E' or (byte)'+' or (byte)'-')
            {
                if (!NextMark(b))
                {
                    return Malformed();
                }
            }
            else
            {
                return EndNumber(_position + i);
            }

            if (_capture)
            {
                Put(b);
            }
        }

        return true;
    }

    private bool NextDigit(byte digit)
    {
        switch (_number)
        {
            case NumberPart.Integer or NumberPart.Fraction or NumberPart.ExponentDigits:
                return true;
            case NumberPart.Minus:
                _number = digit == '0' ? NumberPart.Zero : NumberPart.Integer;
                return true;
            case NumberPart.Point:
                _number = NumberPart.Fraction;
                return true;
            case NumberPart.Exponent or NumberPart.ExponentSign:
                _number = NumberPart.ExponentDigits;
                return true;
            default:
                return false;
        }
    }

    private bool NextMark(byte mark)
    {
        switch (mark)
        {
            case (byte)'.' when _number is NumberPart.Zero or NumberPart.Integer:
                _number = NumberPart.Point;
                return true;
            case (byte)'e' or (byte)'E' when _number is NumberPart.Zero or NumberPart.Integer or NumberPart.Fraction:
                _number = NumberPart.Exponent;
                return true;
            case (byte)'+' or (byte)'-' when _number == NumberPart.Exponent:
                _number = NumberPart.ExponentSign;
                return true;
            default:
                return false;
        }
    }

    private bool EndNumber(int end)
    {
        if (_number is not (NumberPart.Zero or NumberPart.Integer or NumberPart.Fraction or NumberPart.ExponentDigits))
        {
            return Malformed();
        }

        return EndValue(JsonKind.Number, end, _capture ? _text[.._textLength] : default);
    }

    private bool BeginLiteral(JsonKind kind, ReadOnlySpan<byte> span, ref int i)
    {
        if (!Sink.Begin(kind, _depth, _position + i, out _))
        {
            return Stopped();
        }

        _literal = kind;
        _literalLength = 0;
        _state = State.Literal;
        return ReadLiteral(span, ref i);
    }

    private bool ReadLiteral(ReadOnlySpan<byte> span, ref int i)
    {
        var word = _literal switch
        {
            JsonKind.True => "true"u8,
            JsonKind.False => "false"u8,
            _ => "null"u8,
        };
        for (; i < span.Length && _literalLength < word.Length; i++, _literalLength++)
        {
            if (span[i] != word[_literalLength])
            {
                return Malformed();
            }
        }

        return _literalLength < word.Length || EndValue(_literal, _position + i, default);
    }
}
