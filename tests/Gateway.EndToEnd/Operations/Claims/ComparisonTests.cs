using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Benchmarks.Load;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.EndToEnd.Operations.Claims;

[Collection(nameof(Alone))]
public sealed class ComparisonTests
{
    [Fact]
    public async Task Least_connections_beat_round_robin_where_half_of_the_servers_are_slow()
    {
        const double Rate = 26;
        var cancellation = TestContext.Current.CancellationToken;
        var scenario = Scenario.Read("H");

        // Short answers: the load is that of the prompts, more than slow servers bear when they get an eighth each, and it is over soon.
        scenario = scenario with { Workload = scenario.Workload with { Prompt = scenario.Workload.Prompt with { Max = 1500 }, Answer = new LengthOptions { Median = 6, Max = 6 } } };
        using var client = new HttpClient();
        await using var fleet = await RealFleet.StartAsync(scenario, PeerFleet.Blaze, client, TimeProvider.System, cancellation);
        using var lab = new Lab(fleet.Addresses[0], RealFleet.Model, PeerFleet.Blaze);
        var runner = new TrialRunner(scenario.Requests, fleet, lab, client, TimeProvider.System);
        var options = new TrialOptions { Seconds = 5, WarmupSeconds = 0.3 };

        var robin = await runner.RunAsync(FrontEnd.Parse(Promises.RoundRobin), seed: 1, Rate, options, cancellation);
        var least = await runner.RunAsync(FrontEnd.Parse("blaze:LeastConnections"), seed: 1, Rate, options, cancellation);

        var told = $"\n{robin}\n{least}";
        Assert.Equal((0, 0, robin.Requests), (robin.Failed, least.Failed, least.Requests));
        Assert.All(robin.Shares, share => Assert.InRange(share, 0.10, 0.15));
        Assert.True(least.FirstTokenMean < 0.75 * robin.FirstTokenMean, told);
        Assert.True(least.ResponseMean < 0.7 * robin.ResponseMean, told);
        Assert.True(least.Shares.Skip(4).Sum() < 0.42, told);
    }

    [Fact]
    public void Bisection_keeps_the_rate_that_holds_and_the_one_that_fails()
    {
        var bracket = new Bracket(2, 32);

        Assert.Equal(8, bracket.Middle, 9);
        Assert.Equal(new Bracket(bracket.Middle, 32), bracket.Narrow(0.95));
        Assert.Equal(new Bracket(2, bracket.Middle), bracket.Narrow(0.9499));
    }

    [Fact]
    public void A_promise_is_held_by_the_worse_end_of_its_interval()
    {
        FrontEnd[] variants = [FrontEnd.Parse("blaze:LeastConnections"), FrontEnd.Parse(Promises.RoundRobin), FrontEnd.Parse("nginx:least_conn"), FrontEnd.Parse("nginx:least_conn+weights")];
        var promises = new Promises("H", "blaze:LeastConnections", variants);
        IReadOnlyList<Bracket> At(params double[] rates) => [.. rates.Select(rate => new Bracket(rate, rate))];

        var lines = promises.OfGoodputs(new Dictionary<string, IReadOnlyList<Bracket>>(StringComparer.Ordinal)
        {
            ["blaze:LeastConnections"] = At(30, 28, 29),
            [Promises.RoundRobin] = At(10, 10, 10),
            ["nginx:least_conn"] = At(29, 28, 28),
            ["nginx:least_conn+weights"] = At(30, 28, 29),
        }).ToArray();

        Assert.Equal(3, lines.Length);
        Assert.EndsWith("round robin, blaze:RoundRobin: 2.90 [2.80, 3.00], 3 seeds; promised at least 2.8: held", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("without weights, nginx:least_conn: 1.03 [1.00, 1.04], 3 seeds; promised at least 1.05: NOT HELD", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("with right weights, nginx:least_conn+weights: 1.00 [1.00, 1.00], 3 seeds; promised at least 0.97: held", lines[2], StringComparison.Ordinal);
    }
}
