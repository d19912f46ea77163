using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace BlazeGateway.Policies.Inference.Json;

/// <summary>Looks at 64 bytes at once.</summary>
internal static class JsonBlock
{
    /// <summary>Bytes in a block.</summary>
    public const int Size = 64;

    /// <summary>One bit for each byte that does not simply belong to a string: quote, backslash, control character.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Special(ref byte block)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            var all = Vector512.LoadUnsafe(ref block);
            return (Vector512.Equals(all, Vector512.Create((byte)'"'))
                | Vector512.Equals(all, Vector512.Create((byte)'\\'))
                | Vector512.LessThan(all, Vector512.Create((byte)' '))).ExtractMostSignificantBits();
        }

        return Half(ref block) | ((ulong)Half(ref Unsafe.Add(ref block, 32)) << 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Half(ref byte block)
    {
        var half = Vector256.LoadUnsafe(ref block);
        return (Vector256.Equals(half, Vector256.Create((byte)'"'))
            | Vector256.Equals(half, Vector256.Create((byte)'\\'))
            | Vector256.LessThan(half, Vector256.Create((byte)' '))).ExtractMostSignificantBits();
    }
}
