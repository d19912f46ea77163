using BlazeGateway.Demo.ModelServer;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>What share a returning destination gets, whatever strategy picks.</summary>
public sealed class EasingInTests
{
    [Theory]
    [InlineData("RoundRobin")]
    [InlineData("Random")]
    [InlineData("PowerOfTwoChoices")]
    public async Task Its_share_is_that_of_its_weight_until_it_has_its_full_one(string strategy)
    {
        var time = new FakeTimeProvider();
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        await using var c = await StartAsync();
        var routes = GatewayFixture.Routes(
            [a.Address, b.Address, c.Address],
            """{ "Response": { "DestinationHeader": true } }""",
            """{ "ModelServer": { "Kind": "vllm", "Models": [ "demo-small" ] }, "Health": { "Probe": false } }""")
            .Replace("\"RoundRobin\"", $"\"{strategy}\"", StringComparison.Ordinal);
        await using var gateway = await GatewayFixture.StartAsync(routes, time);
        var destinations = new Destinations(gateway);
        destinations.Registry.SetDraining(destinations.Cluster, "d1", draining: true);
        Assert.Equal(0, await ShareAsync(destinations, 60));
        destinations.Registry.SetDraining(destinations.Cluster, "d1", draining: false);

        // Bounds six standard deviations wide around weight over sum of weights.
        Assert.InRange(await ShareAsync(destinations, 1000), 0.047 - 0.04, 0.047 + 0.04);
        time.Advance(TimeSpan.FromSeconds(15));
        Assert.InRange(await ShareAsync(destinations, 1000), 0.2 - 0.075, 0.2 + 0.075);
        time.Advance(TimeSpan.FromSeconds(15));
        Assert.InRange(await ShareAsync(destinations, 1000), 0.333 - 0.09, 0.333 + 0.09);
        Assert.False(destinations.Word("d1").IsSlow);
    }

    private static async Task<double> ShareAsync(Destinations destinations, int requests)
    {
        var there = 0;
        for (var i = 0; i < requests; i++)
        {
            using var answer = await destinations.SendAsync();
            there += answer.Headers.GetValues("X-Blaze-Destination").Single() == "d1" ? 1 : 0;
        }

        return there / (double)requests;
    }

    private static Task<ModelServerHost> StartAsync() => ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
}
