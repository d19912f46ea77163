using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Tests.Pipeline;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>Destinations come, go and change their weights while a thousand requests are under way.</summary>
public sealed class ReloadTests
{
    [Theory]
    [InlineData(Strategies.RoundRobin)]
    [InlineData(Strategies.WeightedRoundRobin)]
    [InlineData(Strategies.LeastConnections)]
    [InlineData(Strategies.PowerOfTwoChoices)]
    [InlineData(Strategies.LeastResponseTime)]
    [InlineData(Strategies.ConsistentHash)]
    public async Task What_is_removed_is_never_picked_again_and_everything_returns_to_rest(string policy)
    {
        await using var destination = await HeldDestination.StartAsync();
        destination.Open();
        var route = PipelineHost.Route("all", "/{**rest}", new RouteExtensions { Response = new ResponseOptions { DestinationHeader = true } });
        await using var host = await PipelineHost.StartAsync([route], [Cluster(destination, policy, 0)]);
        for (var round = 1; round <= 10; round++)
        {
            var under = Enumerable.Range(0, 100).Select(_ => SendAsync(host)).ToArray();
            await host.ReloadAsync([route], [Cluster(destination, policy, round)]);
            var removed = "d" + ((round + 4) % 5);
            var later = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(host)));
            Assert.DoesNotContain(removed, later, StringComparer.Ordinal);
            await Task.WhenAll(under);
        }

        await PipelineHost.UntilAsync(() => host.Records.Count == 1200);
        Assert.All(host.Records, record => Assert.Equal((200, BlazeGateway.Policies.Pipeline.Outcome.Ok), (record.StatusCode, record.Outcome)));
        Assert.True(host.State.TryGetCluster("llm", out var cluster));
        Assert.All(cluster!.Destinations.Values, state => Assert.Equal(0, state.ConcurrentRequestCount));
    }

    private static async Task<string> SendAsync(PipelineHost host)
    {
        using var answer = await host.SendAsync("/x");
        return answer.Headers.GetValues("X-Blaze-Destination").Single();
    }

    /// <summary>Four of five destinations, another one missing each round, with other weights.</summary>
    private static ClusterConfig Cluster(HeldDestination destination, string policy, int round)
    {
        var ids = Enumerable.Range(0, 5).Where(i => i != (round + 4) % 5).ToArray();
        return ExtensionsCarrier.Attach(
            new ClusterConfig
            {
                ClusterId = "llm",
                LoadBalancingPolicy = policy,
                Destinations = ids.ToDictionary(i => "d" + i, i => new DestinationConfig { Address = $"{destination.Address}/{i}/" }, StringComparer.Ordinal),
            },
            new ClusterExtensions { Weights = ids.ToDictionary(i => "d" + i, i => 1 + ((i + round) % 3), StringComparer.OrdinalIgnoreCase) });
    }
}
