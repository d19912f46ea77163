namespace BlazeGateway.Policies.Tests.Destinations.Prefix;

/// <summary>What is predicted of servers whose caches are half or twice as large as thought, and of one that restarts, beside a memory that never learns.</summary>
public sealed class CalibrationTests(ITestOutputHelper output)
{
    private const int Blocks = 6_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Thirty_seconds_of_traffic_are_enough(int seed)
    {
        var traffic = new Traffic(seed, Blocks, states: true, 0.5, 2, 1, 0.5, 2);
        Judge(traffic, "caches 0.5, 2, 1, 0.5, 2 of what was thought", from: 0);
        traffic.Restart(1);
        Judge(traffic, "30 s after a restart of the second", from: 60);
    }

    [Fact]
    public void A_server_that_states_nothing_keeps_what_was_thought()
    {
        var traffic = new Traffic(1, Blocks, states: false, 0.5, 2);
        traffic.Run(20);
        Assert.All(traffic.Servers, server => Assert.Equal((Blocks, 0), (server.Memory.Size, server.Memory.Restarts)));
        Assert.All(traffic.Servers, server => Assert.InRange(server.Memory.TokensPerByte * server.BytesPerToken, 1, 1.03));
    }

    private void Judge(Traffic traffic, string what, double from)
    {
        traffic.Run(from + 30);
        var (early, _) = traffic.Sum();
        traffic.Run(from + 60);
        foreach (var server in traffic.Servers)
        {
            output.WriteLine($"  thought {server.Memory.Size} blocks: predicted {server.Learned}; open loop {server.Open}");
        }

        var (learned, open) = traffic.Sum(reset: false);
        var (ours, theirs) = (traffic.Servers.Average(server => Math.Abs(server.Learned.Error)), traffic.Servers.Average(server => Math.Abs(server.Open.Error)));
        output.WriteLine($"{what}: predicted {learned}, {ours:0.0%} off per server (in the first 30 s {early}); open loop {open}, {theirs:0.0%} off per server");
        Assert.InRange(learned.Error, -0.1, 0.1);
        Assert.InRange(learned.StalePart, 0, 0.01);
        Assert.True(open.StalePart > 3 * learned.StalePart);
        Assert.True(theirs > 1.25 * ours);
        traffic.Sum();
    }
}
