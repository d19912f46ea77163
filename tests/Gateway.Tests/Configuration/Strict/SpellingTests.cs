using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.Tests.Configuration.Strict;

public sealed class SpellingTests
{
    [Theory]
    [InlineData("LoadBalancingPolcy", "LoadBalancingPolicy")]
    [InlineData("loadbalancing", "LoadBalancingPolicy", false)]
    [InlineData("ClusterdI", "ClusterId")]
    [InlineData("Order", "Order")]
    [InlineData("Zzz", "Order", false)]
    public void The_name_meant_is_found(string word, string known, bool found = true) =>
        Assert.Equal(found ? known : null, Spelling.Nearest(word, ["Metadata", known, "Match"]));

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "acb", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_counts_edits(string a, string b, int edits)
    {
        Assert.Equal(edits, Spelling.Distance(a, b));
        Assert.Equal(edits, Spelling.Distance(b, a));
    }
}
