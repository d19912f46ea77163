using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.EndToEnd.Operations.Claims;

public sealed class FleetTests
{
    private static readonly string s_blaze = Path.Combine(AppContext.BaseDirectory, "blaze.dll");

    [Fact]
    public async Task Servers_get_the_tokens_of_the_workload_and_find_what_was_said_before()
    {
        var scenario = Scenario.Read("C") with { Speeds = [1] };
        scenario = scenario with { Engine = scenario.Engine with { PrefillRate = 1e6, DecodeRate = 1000 } };
        var requests = Conversation();
        using var client = new HttpClient();
        await using var fleet = await RealFleet.StartAsync(scenario, s_blaze, client, TimeProvider.System, TestContext.Current.CancellationToken);

        var first = await AskAsync(fleet, requests, salt: 1);
        var again = await AskAsync(fleet, requests, salt: 1);
        await fleet.ResetAsync(TestContext.Current.CancellationToken);
        var afterReset = await AskAsync(fleet, requests, salt: 1);
        var otherText = await AskAsync(fleet, requests, salt: 2);

        // The mark that asks for the answer is 4 tokens; a prompt's last block is computed always.
        var prompts = requests.Sum(request => request.PromptTokens + 4);
        var shared = requests[0].PromptTokens / 16 * 16;
        Assert.Equal(new ServerReading(2, first.BusySeconds, prompts, shared), first);
        Assert.Equal((2, prompts), (again.Answers - first.Answers, again.PromptTokens - first.PromptTokens));
        Assert.InRange(again.CachedTokens - first.CachedTokens, prompts - 40, prompts);
        Assert.Equal((2, shared), (afterReset.Answers, afterReset.CachedTokens));
        Assert.Equal(2 * shared, otherText.CachedTokens);
        Assert.InRange(first.BusySeconds, (prompts - shared) / 1e6, 1);
    }

    private static WorkloadRequest[] Conversation()
    {
        var (system, question, answer, next) = (new PromptPart(1, 128), new PromptPart(7, 300), new PromptPart(8, 20), new PromptPart(9, 50));
        return [new(0, 0, [system, question], 20), new(0.3, 0, [system, question, answer, next], 5)];
    }

    private static async Task<ServerReading> AskAsync(RealFleet fleet, WorkloadRequest[] requests, ulong salt)
    {
        var result = await TimedClient.RunAsync(
            fleet.Addresses[0], requests, salt, TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal((2, 25), (result.Ok, result.ContentEvents));
        return Assert.Single(await fleet.ReadAsync(TestContext.Current.CancellationToken));
    }
}
