namespace BlazeGateway.Policies.Tests.LoadBalancing.Prefix;

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
        var traffic = new Traffic(seed, Blocks, true, 0.5, 2, 1, 0.5, 2);
        Judge(traffic, "sizes 0.5, 2, 1, 0.5, 2", from: 0);
        traffic.Restart(1);
        Judge(traffic, "restart of the second", from: 60);
    }

    private void Judge(Traffic traffic, string what, double from)
    {
        traffic.Run(from + 30);
        var (early, _) = traffic.Sum();
        traffic.Run(from + 60);
        foreach (var server in traffic.Servers)
        {
            output.WriteLine($"  size {server.Memory.Size}, predicted {server.Learned.Error:+0.0%;-0.0%} stale {server.Learned.StalePart:0.00%}, open {server.Open.Error:+0.0%;-0.0%} stale {server.Open.StalePart:0.00%} cached {server.Learned.Cached:0} known {server.Memory.Count()} restarts {server.Memory.Restarts}");
        }

        var (learned, open) = traffic.Sum();
        output.WriteLine($"{what}: predicted {learned.Error:+0.0%;-0.0%}, stale {learned.StalePart:0.00%} (first 30 s {early.StalePart:0.00%}); open loop {open.Error:+0.0%;-0.0%}, stale {open.StalePart:0.00%}");
    }
}
