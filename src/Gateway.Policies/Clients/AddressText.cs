using System.Globalization;

namespace BlazeGateway.Policies.Clients;

/// <summary>
/// Reads addresses as they stand in <c>X-Forwarded-For</c>, with or without a port, and without making objects. Takes the usual notation only: what two
/// readers could take for different addresses (leading zeros, hexadecimal or missing octets, zones) is none.
/// </summary>
internal static class AddressText
{
    private const int Groups = 8;

    /// <summary>Reads <c>1.2.3.4</c>, <c>1.2.3.4:80</c>, <c>2001:db8::1</c>, <c>[2001:db8::1]</c> or <c>[2001:db8::1]:80</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out UInt128 address)
    {
        address = default;
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']');
            return end > 0 && IsPortOrNothing(text[(end + 1)..]) && TryParseV6(text[1..end], out address);
        }

        var colon = text.IndexOf(':');
        if (colon >= 0 && text[(colon + 1)..].Contains(':'))
        {
            return TryParseV6(text, out address);
        }

        var isV4 = TryParseV4(colon < 0 ? text : text[..colon], out var number) && (colon < 0 || IsPortOrNothing(text[colon..]));
        address = AddressNumber.OfV4(number);
        return isV4;
    }

    /// <summary>Reads an address without port and brackets.</summary>
    public static bool TryParsePlain(ReadOnlySpan<char> text, out UInt128 address)
    {
        if (text.Contains(':'))
        {
            return TryParseV6(text, out address);
        }

        var isV4 = TryParseV4(text, out var number);
        address = AddressNumber.OfV4(number);
        return isV4;
    }

    private static bool IsPortOrNothing(ReadOnlySpan<char> text) =>
        text.IsEmpty || (text is [':', _, ..] && text.Length <= 6 && ushort.TryParse(text[1..], NumberStyles.None, CultureInfo.InvariantCulture, out _));

    private static bool TryParseV4(ReadOnlySpan<char> text, out uint address)
    {
        address = 0;
        for (var octets = 0; ; octets++)
        {
            var dot = text.IndexOf('.');
            var octet = dot < 0 ? text : text[..dot];
            if (octet.Length is 0 or > 3 || (octet[0] == '0' && octet.Length > 1)
                || !byte.TryParse(octet, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                return false;
            }

            address = (address << 8) | value;
            if (dot < 0 || octets == 3)
            {
                return dot < 0 && octets == 3;
            }

            text = text[(dot + 1)..];
        }
    }

    private static bool TryParseV6(ReadOnlySpan<char> text, out UInt128 address)
    {
        address = default;
        var gap = text.IndexOf("::");
        if (gap < 0)
        {
            return TryParseGroups(text, mayEndInV4: true, out address, out var count) && count == Groups;
        }

        if (!TryParseGroups(text[..gap], mayEndInV4: false, out var head, out var before) || !TryParseGroups(text[(gap + 2)..], mayEndInV4: true, out var tail, out var after)
            || before + after >= Groups)
        {
            return false;
        }

        address = (before == 0 ? UInt128.Zero : head << (16 * (Groups - before))) | tail;
        return true;
    }

    /// <summary>Reads groups of up to four hexadecimal digits with single colons between them; an IPv4 address may stand for the last two.</summary>
    private static bool TryParseGroups(ReadOnlySpan<char> text, bool mayEndInV4, out UInt128 value, out int count)
    {
        value = default;
        count = 0;
        while (!text.IsEmpty)
        {
            var colon = text.IndexOf(':');
            var group = colon < 0 ? text : text[..colon];
            if (mayEndInV4 && colon < 0 && group.Contains('.'))
            {
                count += 2;
                var isV4 = TryParseV4(group, out var v4);
                value = (value << 32) | v4;
                return isV4 && count <= Groups;
            }

            if (group.Length is 0 or > 4 || ++count > Groups
                || !ushort.TryParse(group, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits))
            {
                return false;
            }

            value = (value << 16) | bits;
            if (colon < 0)
            {
                return true;
            }

            text = text[(colon + 1)..];
            if (text.IsEmpty)
            {
                return false;
            }
        }

        return true;
    }
}
