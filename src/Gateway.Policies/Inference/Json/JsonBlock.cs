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

    /// <summary>
    /// Leaves of <paramref name="special"/> what ends a string or needs a closer look: quotes and control characters that are not escaped, and
    /// backslashes before anything but one of <c>"\/bfnrt</c>. The block's first byte must not be escaped. Which bytes are escaped is found by the carry of
    /// a subtraction over runs of backslashes (the method of simdjson).
    /// </summary>
    /// <param name="block">The block.</param>
    /// <param name="special">What <see cref="Special"/> said of it.</param>
    /// <param name="length">Bytes seen: one less than a block when its last byte escapes the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Unescaped(ref byte block, ulong special, out int length)
    {
        const ulong Odd = 0xAAAA_AAAA_AAAA_AAAA;
        length = Size;
        var backslash = Equal(ref block, (byte)'\\');
        if (backslash == 0)
        {
            return special;
        }

        var codes = (((backslash << 1) | Odd) - backslash) ^ Odd;
        var escaped = codes ^ backslash;
        length -= (int)((codes & backslash) >> 63);
        var other = escaped & ~Simple(ref block);
        return (special & ~backslash & ~escaped) | (other >> 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Simple(ref byte block) =>
        Equal(ref block, (byte)'n') | Equal(ref block, (byte)'"') | Equal(ref block, (byte)'\\') | Equal(ref block, (byte)'t')
        | Equal(ref block, (byte)'/') | Equal(ref block, (byte)'r') | Equal(ref block, (byte)'b') | Equal(ref block, (byte)'f');

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Equal(ref byte block, byte value)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return Vector512.Equals(Vector512.LoadUnsafe(ref block), Vector512.Create(value)).ExtractMostSignificantBits();
        }

        var low = Vector256.Equals(Vector256.LoadUnsafe(ref block), Vector256.Create(value)).ExtractMostSignificantBits();
        var high = Vector256.Equals(Vector256.LoadUnsafe(ref block, 32), Vector256.Create(value)).ExtractMostSignificantBits();
        return low | ((ulong)high << 32);
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
