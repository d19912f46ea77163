using System.Buffers.Binary;
using System.Net;

namespace BlazeGateway.Policies.Clients;

/// <summary>Addresses as numbers of 128 bits, so that they are compared and masked without objects. An IPv4 address is its IPv4-mapped IPv6 address.</summary>
internal static class AddressNumber
{
    private const ulong MappedPrefix = 0xFFFF_0000_0000;

    /// <summary>Bits before the 32 of an IPv4 address.</summary>
    public const int MappedBits = 96;

    /// <summary>The number of an address; 0 for a connection without one (a Unix socket), so that all of these are one client.</summary>
    public static UInt128 Of(IPAddress? address)
    {
        if (address is null)
        {
            return UInt128.Zero;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == sizeof(uint) ? OfV4(BinaryPrimitives.ReadUInt32BigEndian(bytes)) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The number of an IPv4 address.</summary>
    public static UInt128 OfV4(uint address) => new(0, MappedPrefix | address);

    /// <summary>What of an address tells clients apart: all of an IPv4 address, the network (/64) of an IPv6 address, whose owner has all the rest.</summary>
    public static UInt128 ClientPart(UInt128 address) => IsV4(address) ? address : new UInt128((ulong)(address >> 64), 0);

    private static bool IsV4(UInt128 address) => address >> 32 == MappedPrefix >> 32;
}
