using System.Net;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Tests.Pipeline;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.LoadBalancing;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>Destinations that have as much to do as they may.</summary>
public sealed class RoomTests
{
    [Theory]
    [InlineData(Strategies.RoundRobin)]
    [InlineData(Strategies.WeightedRoundRobin)]
    [InlineData(Strategies.LeastConnections)]
    [InlineData(Strategies.PowerOfTwoChoices)]
    [InlineData(Strategies.LeastResponseTime)]
    [InlineData(Strategies.ConsistentHash)]
    public async Task When_every_destination_is_full_the_client_is_told_to_come_again(string policy)
    {
        await using var destination = await HeldDestination.StartAsync();
        var cluster = PipelineHost.Cluster(destination, new ClusterExtensions { Capacity = { ["*"] = 2 }, Admission = new() { QueueLimit = 0 } }) with { LoadBalancingPolicy = policy };
        await using var host = await PipelineHost.StartAsync([PipelineHost.Route("all", "/{**rest}")], [cluster]);
        var held = Enumerable.Range(0, 2).Select(_ => host.AskAsync("/x")).ToArray();
        await destination.ArrivedAsync(2);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "overloaded"), await host.AskAsync("/x"));
        destination.Open();
        Assert.All(await Task.WhenAll(held), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        await PipelineHost.UntilAsync(() => host.Records.Count == 3);
        Assert.Equal((HttpStatusCode.OK, ""), await host.AskAsync("/x"));
    }

    /// <summary>A weight of 0 drains: who has a session keeps it, and goes elsewhere only when there is no room.</summary>
    [Fact]
    public async Task Affinity_outlives_a_weight_of_nothing_and_gives_way_to_a_full_destination()
    {
        await using var destination = await HeldDestination.StartAsync();
        destination.Open();
        var route = PipelineHost.Route("all", "/{**rest}", new RouteExtensions { Response = new ResponseOptions { DestinationHeader = true } });
        ClusterConfig Cluster(int weight, int capacity) => ExtensionsCarrier.Attach(
            new ClusterConfig
            {
                ClusterId = "llm",
                LoadBalancingPolicy = Strategies.LeastConnections,
                SessionAffinity = new SessionAffinityConfig { Enabled = true, Policy = "CustomHeader", AffinityKeyName = "X-Session" },
                Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal) { ["a"] = new() { Address = destination.Address + "/a/" }, ["b"] = new() { Address = destination.Address + "/b/" } },
            },
            new ClusterExtensions { Weights = { ["a"] = weight }, Capacity = { ["a"] = capacity } });
        await using var host = await PipelineHost.StartAsync([route], [Cluster(256, 100)]);
        using var first = await host.SendAsync("/x");
        Assert.Equal("a", Home(first));
        var session = "X-Session: " + first.Headers.GetValues("X-Session").Single();
        await host.ReloadAsync([route], [Cluster(0, 1)]);
        using var kept = await host.SendAsync("/x", [session]);
        using var other = await host.SendAsync("/x");
        Assert.Equal(("a", "b"), (Home(kept), Home(other)));
        await PipelineHost.UntilAsync(() => host.Records.Count == 3);

        destination.Close();
        var held = host.SendAsync("/x", [session]);
        await destination.ArrivedAsync(4);
        var moved = host.SendAsync("/x", [session]);
        await destination.ArrivedAsync(1);
        destination.Open();
        using var stayed = await held;
        using var gone = await moved;
        Assert.Equal(("a", "b"), (Home(stayed), Home(gone)));

        static string Home(HttpResponseMessage answer) => answer.Headers.GetValues("X-Blaze-Destination").Single();
    }

    [Fact]
    public async Task YARPs_policies_know_nothing_of_room()
    {
        await using var destination = await HeldDestination.StartAsync();
        var cluster = PipelineHost.Cluster(destination, new ClusterExtensions { Capacity = { ["d"] = 1 } }) with { LoadBalancingPolicy = LoadBalancingPolicies.Random };
        await using var host = await PipelineHost.StartAsync([PipelineHost.Route("all", "/{**rest}")], [cluster]);
        var held = Enumerable.Range(0, 2).Select(_ => host.AskAsync("/x")).ToArray();
        await destination.ArrivedAsync(2);
        destination.Open();
        Assert.All(await Task.WhenAll(held), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
    }
}
