using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>Bytes of answers say more than a probe that failed.</summary>
public sealed class OutrankedProbeTests
{
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(100);

    private static bool IsOutranked(ProbeFindingKind kind, double took, double byteAgo) =>
        ProbeEvents.IsOutranked(new ProbeFinding(kind, IsHard: true) { Took = TimeSpan.FromMilliseconds(took) }, Now - TimeSpan.FromMilliseconds(byteAgo), Now);

    [Theory]
    [InlineData(ProbeFindingKind.Silent)]
    [InlineData(ProbeFindingKind.Broken)]
    [InlineData(ProbeFindingKind.ServerError)]
    [InlineData(ProbeFindingKind.Unavailable)]
    [InlineData(ProbeFindingKind.Unresolved)]
    internal void One_that_was_answered_badly_or_not_counts_only_when_nothing_came_for_a_while(ProbeFindingKind kind)
    {
        Assert.True(IsOutranked(kind, took: 1000, byteAgo: 999));
        Assert.False(IsOutranked(kind, took: 1000, byteAgo: 1000));
        Assert.False(IsOutranked(kind, took: 1000, byteAgo: 1001));
        Assert.True(IsOutranked(kind, took: 1, byteAgo: 249));
        Assert.True(IsOutranked(kind, took: 1, byteAgo: 250));
        Assert.False(IsOutranked(kind, took: 1, byteAgo: 251));
        Assert.False(ProbeEvents.IsOutranked(new ProbeFinding(kind, IsHard: true), TimeSpan.Zero, TimeSpan.FromMilliseconds(1)));
    }

    [Theory]
    [InlineData(ProbeFindingKind.Refused)]
    [InlineData(ProbeFindingKind.Loading)]
    internal void A_closed_port_is_closed_whatever_came_before(ProbeFindingKind kind)
    {
        Assert.False(IsOutranked(kind, took: 1, byteAgo: 2));
        Assert.False(IsOutranked(kind, took: 2, byteAgo: 2));
        Assert.True(IsOutranked(kind, took: 3, byteAgo: 2));
    }

    [Fact]
    public void A_good_answer_is_one() => Assert.False(IsOutranked(ProbeFindingKind.Alive, took: 1, byteAgo: 0));

    [Fact]
    public async Task It_is_counted_and_takes_nobody_out()
    {
        using var cluster = new TestCluster(TestCluster.ModelServers, "a", "b");
        cluster.Probe("a", ProbeFindingKind.Alive);
        for (var i = 0; i < 20; i++)
        {
            cluster.Advance(1);
            cluster["a"].Load.Came(cluster.Registry.Clock);
            cluster.Probe("a", ProbeFindingKind.Silent);
            cluster.Probe("a", ProbeFindingKind.Unavailable);
            Assert.Equal("up", cluster.StateOf("a"));
        }

        var exposed = await cluster.ExposeAsync();
        Assert.Contains("blaze_health_probes_total{cluster=\"llm\",destination=\"a\",result=\"silent\"} 20", exposed, StringComparison.Ordinal);
        Assert.Contains("blaze_health_probes_outranked_total{cluster=\"llm\",destination=\"a\"} 40", exposed, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_between_which_bytes_came_are_no_pair()
    {
        using var cluster = new TestCluster(TestCluster.ModelServers, "a", "b");
        cluster.Probe("a", ProbeFindingKind.Alive);
        for (var i = 0; i < 5; i++)
        {
            cluster.Advance(0.5);
            cluster["a"].Load.Came(cluster.Registry.Clock);
            cluster.Advance(0.5);
            cluster.Probe("a", ProbeFindingKind.Silent);
            Assert.Equal("suspect", cluster.StateOf("a"));
        }

        cluster.Advance(0.5);
        cluster.Probe("a", ProbeFindingKind.Silent);
        Assert.Equal("ejected", cluster.StateOf("a"));
    }

    [Fact]
    public void What_probes_said_before_is_taken_back()
    {
        using var cluster = new TestCluster(TestCluster.ModelServers, "a");
        cluster.Probe("a", ProbeFindingKind.Alive);
        cluster.Probe("a", ProbeFindingKind.Silent, 2);
        Assert.Equal(("suspect", true), (cluster.StateOf("a"), cluster["a"].Facts.IsDead));
        cluster["a"].Load.Came(cluster.Registry.Clock);
        cluster.Probe("a", ProbeFindingKind.Silent);
        Assert.Equal(("suspect", "a"), (cluster.StateOf("a"), cluster.Candidates));
        cluster.Attempt("a", AttemptOutcome.Answered);
        Assert.Equal("up", cluster.StateOf("a"));
    }
}
