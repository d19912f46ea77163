using System.Security.Cryptography;
using System.Text;
using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Tests.Clients;

public sealed class ClientKeysTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    private static ClientKeys Keys(params string[] keys) => new(
        keys.Select((key, i) => KeyValuePair.Create(KeyHash.Parse(Hash(key)), new Client((ulong)i + 1, key, PriorityBand.Standard, 1))), new KeyedHash(Secret));

    private static string Hash(string key) => Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(key)));

    [Fact]
    public void Every_key_leads_to_its_client_the_first_time_and_every_time()
    {
        var names = Enumerable.Range(0, 500).Select(i => $"blaze-key-{i}").ToArray();
        var keys = Keys(names);
        for (var round = 0; round < 3; round++)
        {
            Assert.All(names, name =>
            {
                Assert.True(keys.TryFind(name, out var client));
                Assert.Equal(name, client.Name);
            });
        }
    }

    [Theory]
    [InlineData("blaze-key-0 ")]
    [InlineData("Blaze-key-0")]
    [InlineData("blaze-key-")]
    [InlineData("blaze-key-\u0130")]
    [InlineData("blaze-key-\u00000")]
    [InlineData("")]
    public void Another_key_leads_nowhere(string key) => Assert.False(Keys("blaze-key-0").TryFind(key, out _));

    [Theory]
    [InlineData(ClientKeys.MaxLength, true)]
    [InlineData(ClientKeys.MaxLength + 1, false)]
    [InlineData(10 * 1024, false)]
    public void A_key_has_an_end(int length, bool found)
    {
        var key = new string('k', length);
        Assert.Equal(found, Keys(key).TryFind(key, out _));
    }

    [Fact]
    public void Wrong_keys_are_not_remembered()
    {
        var keys = Keys("right", "other");
        for (var i = 0; i < 10_000; i++)
        {
            Assert.False(keys.TryFind("wrong-" + i, out _));
        }

        Assert.Equal(0, keys.Remembered);
        Assert.True(keys.TryFind("right", out _));
        Assert.True(keys.TryFind("right", out _));
        Assert.Equal(1, keys.Remembered);
    }

    [Fact]
    public void Wrong_keys_however_many_and_however_often_keep_no_right_one_out()
    {
        var keys = Keys("blaze-key-0", "blaze-key-1");
        for (var round = 0; round < 3; round++)
        {
            for (var i = 2; i < 5000; i++)
            {
                Assert.False(keys.TryFind("blaze-key-" + i, out _));
                Assert.False(keys.TryFind("blaze-key-" + i, out _));
            }

            Assert.True(keys.TryFind("blaze-key-" + (round % 2), out _));
        }
    }

    [Fact]
    public void A_wrong_key_that_comes_again_is_told_without_allocation()
    {
        var keys = Keys("blaze-key-0");
        for (var round = 0; ; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                keys.TryFind("blaze-key-x", out _);
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (round == 1)
            {
                Assert.Equal(0, allocated);
                return;
            }
        }
    }

    [Fact]
    public void Many_threads_find_the_right_client()
    {
        var names = Enumerable.Range(0, 64).Select(i => "k" + i).ToArray();
        var keys = Keys(names);
        Parallel.For(0, 20_000, i =>
        {
            Assert.True(keys.TryFind(names[i % names.Length], out var client));
            Assert.Equal(names[i % names.Length], client.Name);
        });
        Assert.InRange(keys.Remembered, 1, names.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("abcd")]
    [InlineData("zz")]
    public void A_hash_has_64_hexadecimal_digits(string hash) => Assert.Throws<FormatException>(() => KeyHash.Parse(hash));
}
