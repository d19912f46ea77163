using System.Net;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Tests.Pipeline;
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
        var cluster = PipelineHost.Cluster(destination, new ClusterExtensions { Capacity = { ["*"] = 2 } }) with { LoadBalancingPolicy = policy };
        await using var host = await PipelineHost.StartAsync([PipelineHost.Route("all", "/{**rest}")], [cluster]);
        var held = Enumerable.Range(0, 2).Select(_ => host.AskAsync("/x")).ToArray();
        await destination.ArrivedAsync(2);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "overloaded"), await host.AskAsync("/x"));
        destination.Open();
        Assert.All(await Task.WhenAll(held), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        await PipelineHost.UntilAsync(() => host.Records.Count == 3);
        Assert.Equal((HttpStatusCode.OK, ""), await host.AskAsync("/x"));
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
