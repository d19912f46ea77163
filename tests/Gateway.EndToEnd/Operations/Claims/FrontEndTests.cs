using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Benchmarks.Load;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.EndToEnd.Operations.Claims;

/// <summary>What a proxy is asked for is what it does: a comparison with a misconfigured peer says nothing.</summary>
public sealed class FrontEndTests(PeerFleet fleet) : IClassFixture<PeerFleet>
{
    private const int Requests = 54;

    [Theory]
    [InlineData("nginx:round_robin", 27, 27)]
    [InlineData("nginx:round_robin+weights", 40, 14)]
    [InlineData("haproxy:roundrobin", 27, 27)]
    [InlineData("haproxy:roundrobin+weights", 40, 14)]
    [InlineData("blaze:WeightedRoundRobin+weights", 40, 14)]
    public async Task Round_robin_gives_each_server_its_part(string variant, int first, int second)
    {
        SkipUnlessInstalled(variant);

        var answers = await fleet.AskAsync(variant, Spread(session: -1));

        Assert.Equal(Requests, answers.Sum());
        Assert.InRange(answers[0], first - 1, first + 1);
        Assert.InRange(answers[1], second - 1, second + 1);
    }

    [Theory]
    [InlineData("nginx:least_conn+weights")]
    [InlineData("haproxy:leastconn+weights")]
    public async Task Least_connections_knows_weights(string variant)
    {
        SkipUnlessInstalled(variant);

        // All at once and so long that none ends before the last has come: what is in flight is then as the weights are.
        var answers = await fleet.AskAsync(variant, [.. Spread(session: -1).Select(request => request with { At = request.At / 10, AnswerTokens = 500 })]);

        Assert.Equal(Requests, answers.Sum());
        Assert.InRange(answers[0], 38, 42);
    }

    [Theory]
    [InlineData("nginx:hash")]
    [InlineData("haproxy:hash")]
    public async Task Hashing_keeps_a_conversation_on_its_server_and_spreads_others(string variant)
    {
        SkipUnlessInstalled(variant);

        var together = await fleet.AskAsync(variant, Spread(session: 3));
        var apart = await fleet.AskAsync(variant, Spread(session: -1));

        Assert.Equal(Requests, together.Max());
        Assert.InRange(apart.Min(), 10, 27);
    }

    [Theory]
    [InlineData("nginx", "must be written proxy:balance")]
    [InlineData("nginx:", "must be written proxy:balance")]
    [InlineData("caddy:random", "known are blaze, yarp, nginx and haproxy")]
    [InlineData("nginx:leastconn", "nginx can be asked for round_robin, least_conn, hash")]
    [InlineData("yarp:RoundRobin+weights", "which it does not know")]
    public void Unknown_variants_are_refused(string variant, string says) =>
        Assert.Contains(says, Assert.Throws<ArgumentException>(() => FrontEnd.Parse(variant)).Message, StringComparison.Ordinal);

    [Fact]
    public void Weights_say_how_fast_servers_are() => Assert.Equal([20, 7, 1, 256], FrontEnd.WeightsOf([1, 0.35, 0.001, 100]));

    private static void SkipUnlessInstalled(string variant)
    {
        var proxy = FrontEnd.Parse(variant).Proxy;
        try
        {
            _ = proxy == "blaze" ? proxy : Lab.Find(proxy);
        }
        catch (FileNotFoundException missing)
        {
            Assert.Skip(missing.Message);
        }
    }

    private static WorkloadRequest[] Spread(int session) =>
        [.. Enumerable.Range(0, Requests).Select(index => new WorkloadRequest(index * 0.005, session, [new PromptPart((ulong)index, 50)], 3))];
}
