using Microsoft.Extensions.Primitives;

namespace BlazeGateway.Policies.Clients;

/// <summary>
/// The client's address behind known proxies: the right-most entry of <c>X-Forwarded-For</c> that none of them wrote for another of them. What stands left of
/// it was sent by the client and may say anything, so it is not even read.
/// </summary>
internal static class ForwardedAddress
{
    /// <summary>The header.</summary>
    public const string Header = "X-Forwarded-For";

    /// <summary>Entries looked at; a longer way through known proxies is taken for a mistake.</summary>
    public const int MaxHops = 32;

    /// <summary>
    /// The client's address; that of the connection when it does not come from a known proxy, or when an entry that has to be read is no address.
    /// </summary>
    public static UInt128 Resolve(UInt128 peer, StringValues forwarded, ReadOnlySpan<AddressRange> proxies)
    {
        if (!IsKnown(peer, proxies))
        {
            return peer;
        }

        var address = peer;
        var hops = 0;
        for (var i = forwarded.Count - 1; i >= 0; i--)
        {
            var rest = forwarded[i].AsSpan();
            int comma;
            do
            {
                comma = rest.LastIndexOf(',');
                if (++hops > MaxHops || !AddressText.TryParse(rest[(comma + 1)..].Trim(" \t"), out address))
                {
                    return peer;
                }

                if (!IsKnown(address, proxies))
                {
                    return address;
                }

                rest = comma < 0 ? default : rest[..comma];
            }
            while (comma >= 0);
        }

        return address;
    }

    private static bool IsKnown(UInt128 address, ReadOnlySpan<AddressRange> proxies)
    {
        foreach (ref readonly var range in proxies)
        {
            if (range.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
