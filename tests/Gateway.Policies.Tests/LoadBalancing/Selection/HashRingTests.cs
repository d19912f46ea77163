using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

public sealed class HashRingTests
{
    [Theory]
    [InlineData(1, 1, 2_000)]
    [InlineData(2, 2, 2_000)]
    [InlineData(100, 100, 2_000)]
    [InlineData(100, 200, 1_000)]
    [InlineData(100, 300, 1_000)]
    [InlineData(100, 25_600, 2_000 / 256.0)]
    [InlineData(4_194, 4_194, 2_000)]
    [InlineData(4_195, 4_195, 1_000)]
    [InlineData(1_000_000, 1_000_000, 7.8125)]
    [InlineData(0, 0, 0)]
    public void The_points_of_a_weight_are_within_the_limits(int destinations, long weight, double points)
    {
        Assert.Equal(points, HashRing.PointsPerWeight(destinations, weight));
        Assert.True(weight == 0 || points * weight is >= HashRing.MinPoints and <= HashRing.MaxPoints);
    }

    [Fact]
    public void A_key_belongs_to_the_first_point_at_or_after_it()
    {
        ulong[] places = [.. Enumerable.Range(1, 40).Select(i => PlacementHash.Mix((ulong)i))];
        var ring = new HashRing(places, [.. Enumerable.Repeat(1, 40)]);
        Assert.Equal(80_000, ring.Count);
        var owners = Enumerable.Range(0, ring.Count).Select(ring.DestinationAt).CountBy(index => index).ToArray();
        Assert.Equal(40, owners.Length);
        Assert.All(owners, owner => Assert.Equal(2_000, owner.Value));

        var keys = Enumerable.Range(0, 100_000).Select(i => PlacementHash.Mix((ulong)i ^ 0xABCD)).Order().ToArray();
        var positions = keys.Select(ring.Find).ToArray();
        var turn = Array.LastIndexOf(positions, ring.Count - 1) + 1;
        Assert.Equal(positions[..turn].Order(), positions[..turn]);
        Assert.All(positions[turn..], position => Assert.Equal(0, position));
        Assert.Equal(0, ring.Find(0));
        Assert.Equal(0, ring.Find(ulong.MaxValue));
    }

    [Fact]
    public void Weight_none_has_no_points_and_weight_some_at_least_one()
    {
        ulong[] places = [.. Enumerable.Range(1, 101).Select(i => PlacementHash.Mix((ulong)i))];
        var ring = new HashRing(places, [0, 1, .. Enumerable.Repeat(256, 99)]);
        var owners = Enumerable.Range(0, ring.Count).Select(ring.DestinationAt).CountBy(index => index).ToDictionary();
        Assert.False(owners.ContainsKey(0));
        Assert.InRange(owners[1], 1, 16);
        Assert.Equal(0, new HashRing(places.AsSpan(0, 2), [0, 0]).Count);
    }
}
