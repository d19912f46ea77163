using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

public sealed class AliasTableTests
{
    [Theory]
    [InlineData(new[] { 5.0, 3.0, 1.0 })]
    [InlineData(new[] { 1.0, 1.0, 1.0 })]
    [InlineData(new[] { 0.0, 0.0, 0.0 })]
    [InlineData(new[] { 0.0, 7.0, 0.0 })]
    [InlineData(new[] { 256.0, 0.1, 0.0 })]
    [InlineData(new[] { 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.5 })]
    public void Each_is_drawn_by_its_weight(double[] weights)
    {
        const int Draws = 200_000;
        var (table, chance, counts) = (AliasTable.Of(weights), new Chance(1), new int[weights.Length]);
        for (var i = 0; i < Draws; i++)
        {
            counts[table.Draw(chance)]++;
        }

        var total = weights.Sum();
        for (var i = 0; i < weights.Length; i++)
        {
            var share = total == 0 ? 1.0 / weights.Length : weights[i] / total;
            Assert.Equal(share, counts[i] / (double)Draws, 0.005);
            Assert.True(share > 0 || counts[i] == 0, $"{i} has no weight and was drawn {counts[i]} times");
        }
    }

    [Fact]
    public void Ten_thousand_are_drawn_by_their_weight()
    {
        var weights = Enumerable.Range(0, 10_000).Select(i => (double)(i % 257)).ToArray();
        var (table, chance, heavy) = (AliasTable.Of(weights), new Chance(2), 0);
        for (var i = 0; i < 200_000; i++)
        {
            var drawn = table.Draw(chance);
            Assert.NotEqual(0, weights[drawn]);
            heavy += weights[drawn] > 128 ? 1 : 0;
        }

        Assert.Equal(weights.Where(weight => weight > 128).Sum() / weights.Sum(), heavy / 200_000.0, 0.005);
    }
}
