using System.Buffers.Binary;
using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Tests.Clients;

public sealed class KeyedHashTests
{
    private static readonly byte[] Counting = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];

    /// <summary>Vectors of the reference implementation: secret and data are 0, 1, 2, …</summary>
    [Theory]
    [InlineData(0, "A3817F04BA25A8E66DF67214C7550293")]
    [InlineData(8, "3B62A9BA6258F5610F83E264F31497B4")]
    [InlineData(15, "5493E99933B0A8117E08EC0F97CFC3D9")]
    [InlineData(16, "6EE2A4CA67B054BBFD3315BF85230577")]
    [InlineData(63, "5150D1772F50834A503E069A973FBD7C")]
    public void It_is_SipHash(int length, string expected)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, new KeyedHash(Counting.AsSpan(0, 16)).Compute(Counting.AsSpan(0, length)));
        Assert.Equal(expected, Convert.ToHexString(bytes));
    }

    [Fact]
    public void Another_secret_gives_another_hash() =>
        Assert.NotEqual(new KeyedHash(Counting.AsSpan(0, 16)).Compute(Counting), new KeyedHash(Counting.AsSpan(1, 16)).Compute(Counting));

    [Theory]
    [InlineData(15)]
    [InlineData(17)]
    public void The_secret_has_sixteen_bytes(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeyedHash(Counting.AsSpan(0, length)));
}
