using System.Text;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

public sealed class PlacementHashTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(84)]
    [InlineData(85)]
    [InlineData(10_000)]
    public void Text_and_its_bytes_hash_alike(int length)
    {
        var hash = new PlacementHash(7);
        foreach (var letter in new[] { 'a', 'é', '界' })
        {
            var text = new string(letter, length);
            Assert.Equal(hash.Compute(Encoding.UTF8.GetBytes(text)), hash.Compute(text));
        }
    }

    [Fact]
    public void The_seed_decides()
    {
        Assert.Equal(new PlacementHash(7).Compute("a"), new PlacementHash(7).Compute("a"));
        Assert.NotEqual(new PlacementHash(7).Compute("a"), new PlacementHash(8).Compute("a"));
        Assert.NotEqual(new PlacementHash(7).Compute(""), new PlacementHash(8).Compute(""));
    }

    [Fact]
    public void The_same_in_every_release() => Assert.Equal(18007025255745396252, new PlacementHash(7).Compute("session-1"));
}
