using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>A reload of the configuration is no new allowance for what fails.</summary>
public sealed class FailoverReloadTests
{
    [Fact]
    public async Task A_request_that_breaks_servers_meets_none_after_a_reload_either()
    {
        await using var scene = await FailoverScene.StartAsync(4);
        var poison = FailoverScene.Body("poison");
        await using (var caller = await scene.SendAsync(poison))
        {
            (await scene.NextAsync()).Exchange.Reset();
            (await scene.NextAsync()).Exchange.Reset();
            await caller.HeadAsync();
            Assert.Equal((502, "poison_request"), (caller.Status, caller.Header("X-Blaze-Error")));
        }

        await ReloadAsync(scene, FailoverScene.Calm with { Weights = new(StringComparer.OrdinalIgnoreCase) { ["d0"] = 50 } });
        await using var again = await scene.SendAsync(poison);
        await again.HeadAsync();
        Assert.Equal((502, "poison_request"), (again.Status, again.Header("X-Blaze-Error")));
        await scene.RestAsync();
        Assert.Equal(0, scene.Host.Records.Last.Attempts);
    }

    [Theory]
    [InlineData(0.11)]
    [InlineData(0.2)]
    public async Task What_is_left_of_the_budget_is_left_after_a_reload(double perSecond)
    {
        var cluster = FailoverScene.Calm with { RetryBudget = new() { Ratio = 0, PerSecond = 0.11 } };
        await using var scene = await FailoverScene.StartAsync(2, cluster: cluster);
        await using (var caller = await scene.SendAsync(FailoverScene.Body("one")))
        {
            (await scene.NextAsync()).Exchange.Reset();
            await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
            await caller.HeadAsync();
            Assert.Equal(200, caller.Status);
            await caller.EndAsync();
        }

        await ReloadAsync(scene, cluster with { RetryBudget = new() { Ratio = 0, PerSecond = perSecond }, Weights = new(StringComparer.OrdinalIgnoreCase) { ["d0"] = 50 } });
        await using (var caller = await scene.SendAsync(FailoverScene.Body("two")))
        {
            (await scene.NextAsync()).Exchange.Reset();
            await caller.HeadAsync();
            Assert.Equal((502, "upstream_reset"), (caller.Status, caller.Header("X-Blaze-Error")));
            await caller.EndAsync();
        }

        // It is earned at the new rate.
        scene.Host.Time.Advance(TimeSpan.FromSeconds(1 + (1 / perSecond)));
        await using var later = await scene.SendAsync(FailoverScene.Body("three"));
        (await scene.NextAsync()).Exchange.Reset();
        await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        await later.HeadAsync();
        Assert.Equal(200, later.Status);
        await later.EndAsync();
        await scene.RestAsync();
    }

    private static async Task ReloadAsync(FailoverScene scene, ClusterExtensions extensions)
    {
        var state = scene.Host.Cluster("llm");
        var before = state.Model;
        var config = WireHost.Cluster("llm", [.. scene.Destinations.Select(one => one.Address)]) with { LoadBalancingPolicy = "RoundRobin" };
        scene.Host.Update([WireHost.Route("all", new() { Inference = true })], [ExtensionsCarrier.Attach(config, extensions)]);
        await Waiting.UntilAsync(() => state.Model != before, () => "The configuration was not taken.");
    }
}
