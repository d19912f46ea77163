using System.Buffers;
using System.IO.Hashing;
using System.Text;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// Hash that says where keys and destinations lie: XxHash3, 64 bits, seeded. Gateways with the same seed place alike; who does not know the seed cannot
/// aim keys at one destination by calculation.
/// </summary>
/// <param name="seed">Secret of the fleet.</param>
internal sealed class PlacementHash(long seed)
{
    private const int StackBytes = 256;

    /// <summary>Hash of a key.</summary>
    public ulong Compute(ReadOnlySpan<byte> key) => XxHash3.HashToUInt64(key, seed);

    /// <summary>Hash of a key's UTF-8 bytes.</summary>
    public ulong Compute(ReadOnlySpan<char> key)
    {
        var most = Encoding.UTF8.GetMaxByteCount(key.Length);
        if (most <= StackBytes)
        {
            Span<byte> bytes = stackalloc byte[StackBytes];
            return Compute(bytes[..Encoding.UTF8.GetBytes(key, bytes)]);
        }

        var rented = ArrayPool<byte>.Shared.Rent(most);
        var hash = Compute(rented.AsSpan(0, Encoding.UTF8.GetBytes(key, rented)));
        ArrayPool<byte>.Shared.Return(rented);
        return hash;
    }

    /// <summary>Another number for each number, as if drawn at random: the finalizer of SplitMix64 (Steele, Lea, Flood).</summary>
    public static ulong Mix(ulong number)
    {
        number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
        number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
        return number ^ (number >> 31);
    }
}
