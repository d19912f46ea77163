using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Clients;

/// <summary>
/// SipHash-2-4 with 128 bits (Aumasson and Bernstein): a hash nobody can predict, reverse or find collisions of without the secret, at a
/// twentieth of the cost of SHA-256 for inputs this short.
/// </summary>
internal sealed class KeyedHash
{
    /// <summary>Bytes of the secret.</summary>
    public const int SecretLength = 16;

    private readonly ulong _k0;
    private readonly ulong _k1;

    public KeyedHash(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretLength);
        _k0 = BinaryPrimitives.ReadUInt64LittleEndian(secret);
        _k1 = BinaryPrimitives.ReadUInt64LittleEndian(secret[8..]);
    }

    /// <summary>Hash of <paramref name="data"/>; the lower half alone is as good as a hash of 64 bits.</summary>
    public UInt128 Compute(ReadOnlySpan<byte> data)
    {
        var state = new State
        {
            V0 = _k0 ^ 0x736f6d6570736575,
            V1 = _k1 ^ 0x646f72616e646f6d ^ 0xee,
            V2 = _k0 ^ 0x6c7967656e657261,
            V3 = _k1 ^ 0x7465646279746573,
        };
        var last = (ulong)data.Length << 56;
        while (data.Length >= sizeof(ulong))
        {
            state.Absorb(BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        for (var i = 0; i < data.Length; i++)
        {
            last |= (ulong)data[i] << (8 * i);
        }

        state.Absorb(last);
        state.V2 ^= 0xee;
        var lower = state.Finish();
        state.V1 ^= 0xdd;
        return new UInt128(state.Finish(), lower);
    }

    [StructLayout(LayoutKind.Auto)]
    private struct State
    {
        public ulong V0;
        public ulong V1;
        public ulong V2;
        public ulong V3;

        public void Absorb(ulong block)
        {
            V3 ^= block;
            Round();
            Round();
            V0 ^= block;
        }

        public ulong Finish()
        {
            Round();
            Round();
            Round();
            Round();
            return V0 ^ V1 ^ V2 ^ V3;
        }

        private void Round()
        {
            V0 += V1;
            V2 += V3;
            V1 = BitOperations.RotateLeft(V1, 13) ^ V0;
            V3 = BitOperations.RotateLeft(V3, 16) ^ V2;
            V0 = BitOperations.RotateLeft(V0, 32);
            V2 += V1;
            V0 += V3;
            V1 = BitOperations.RotateLeft(V1, 17) ^ V2;
            V3 = BitOperations.RotateLeft(V3, 21) ^ V0;
            V2 = BitOperations.RotateLeft(V2, 32);
        }
    }
}
