using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace BlazeGateway.Policies.Inference.Json;

/// <summary>Checks that bytes arriving in pieces are valid UTF-8.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct Utf8Check
{
    private uint _cut;
    private int _cutLength;

    /// <summary>Whether no character is cut at the end of what was fed.</summary>
    public readonly bool IsComplete => _cutLength == 0;

    /// <summary>Checks the next piece; a character cut at its end is checked with the next one.</summary>
    public bool Feed(ReadOnlySpan<byte> span)
    {
        if (_cutLength > 0 && !Complete(ref span))
        {
            return false;
        }

        var tail = CutLength(span);
        for (var i = span.Length - tail; i < span.Length; i++)
        {
            _cut |= (uint)span[i] << (8 * _cutLength++);
        }

        return Utf8.IsValid(span[..^tail]);
    }

    private bool Complete(ref ReadOnlySpan<byte> span)
    {
        var length = LengthOf((byte)_cut);
        while (_cutLength < length && span.Length > 0)
        {
            _cut |= (uint)span[0] << (8 * _cutLength++);
            span = span[1..];
        }

        if (_cutLength < length)
        {
            return true;
        }

        Span<byte> character = [(byte)_cut, (byte)(_cut >> 8), (byte)(_cut >> 16), (byte)(_cut >> 24)];
        _cut = 0;
        _cutLength = 0;
        return Utf8.IsValid(character[..length]);
    }

    private static int CutLength(ReadOnlySpan<byte> span)
    {
        for (var back = 1; back <= 3 && back <= span.Length; back++)
        {
            var b = span[^back];
            if (b >= 0xC0)
            {
                return LengthOf(b) > back ? back : 0;
            }

            if (b < 0x80)
            {
                return 0;
            }
        }

        return 0;
    }

    private static int LengthOf(byte lead) => lead switch
    {
        < 0xE0 => 2,
        < 0xF0 => 3,
        _ => 4,
    };
}
