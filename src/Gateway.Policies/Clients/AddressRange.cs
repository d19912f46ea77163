using System.Globalization;
using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Clients;

/// <summary>A range of addresses.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct AddressRange
{
    private readonly UInt128 _first;
    private readonly UInt128 _mask;

    private AddressRange(UInt128 address, int bits)
    {
        _mask = bits == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - bits);
        _first = address & _mask;
    }

    /// <summary>Whether it holds every address of its family.</summary>
    public bool IsEverything => _mask == UInt128.Zero || (_mask == UInt128.MaxValue << 32 && _first == AddressNumber.OfV4(0));

    /// <summary>Reads an address or a range in CIDR notation; false when <paramref name="text"/> is neither.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out AddressRange range)
    {
        range = default;
        var slash = text.IndexOf('/');
        if (!AddressText.TryParsePlain(slash < 0 ? text : text[..slash], out var address))
        {
            return false;
        }

        var isV6 = text.Contains(':');
        var bits = isV6 ? 128 : 32;
        var most = bits;
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > most))
        {
            return false;
        }

        range = new AddressRange(address, isV6 ? bits : AddressNumber.MappedBits + bits);
        return true;
    }

    /// <summary>Whether <paramref name="address"/> lies in it.</summary>
    public bool Contains(UInt128 address) => (address & _mask) == _first;
}
