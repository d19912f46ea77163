using BlazeGateway.Policies.Health;
using static BlazeGateway.Policies.Tests.Health.TestCluster;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>What a new configuration of the cluster makes of its destinations.</summary>
public sealed class ChangedClusterTests
{
    [Fact]
    public void What_joins_later_is_eased_in()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b");
        cluster.Add("c");
        cluster.Registry.UpdateAllDestinations(cluster.State);
        Assert.Equal(("up", "a b c"), (cluster.StateOf("c"), cluster.Candidates));
        Assert.True(cluster["c"].Word.IsSlow);
        Assert.False(cluster["a"].Word.IsSlow);
        cluster.Advance(15);
        Assert.Equal(0.5, cluster["c"].Weight, 3);
        cluster.Advance(15);
        Assert.Equal((1.0, false), (cluster["c"].Weight, cluster["c"].Word.IsSlow));
    }

    [Fact]
    public void A_new_address_is_another_server()
    {
        using var cluster = new TestCluster(ModelServers, "a", "b");
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        var model = new Yarp.ReverseProxy.Model.DestinationModel(new Yarp.ReverseProxy.Configuration.DestinationConfig { Address = "http://127.0.0.1:10/" });
        typeof(Yarp.ReverseProxy.Model.DestinationState).GetProperty("Model")!.SetValue(cluster.State.Destinations["a"], model);
        cluster.Registry.UpdateAllDestinations(cluster.State);
        Assert.Equal(("up", 0), (cluster.StateOf("a"), cluster["a"].Facts.Ejections));
        Assert.Contains("(http://127.0.0.1:10/) is up: its address changed.", cluster.Log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_shrinking_configuration_does_not_leave_more_than_half_ejected()
    {
        using var cluster = new TestCluster(Plain, "a", "b", "c", "d");
        cluster.Attempt("a", AttemptOutcome.ConnectRefused);
        cluster.Attempt("b", AttemptOutcome.ConnectRefused);
        cluster.Remove("c");
        cluster.Registry.UpdateAllDestinations(cluster.State);
        Assert.Equal(1, new[] { "a", "b", "d" }.Count(id => cluster.StateOf(id) == "ejected"));
    }
}
