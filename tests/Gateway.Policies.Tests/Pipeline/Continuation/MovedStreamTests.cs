using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using static BlazeGateway.Policies.Tests.Pipeline.Continuation.ContinuationScene;

namespace BlazeGateway.Policies.Tests.Pipeline.Continuation;

/// <summary>Streams whose destination is held to be gone while they flow, and those whose next destination dies before it says anything.</summary>
public sealed class MovedStreamTests
{
    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(2, 1, true)]
    [InlineData(2, 2, false)]
    [InlineData(3, 2, true)]
    public async Task A_stream_that_flows_is_taken_from_a_destination_only_where_another_may_be_asked(int most, int asked, bool isMoved)
    {
        await using var scene = await StartAsync(Route with { Retry = new() { MaxAttempts = most } }, Cluster with { Health = new() { Probe = false } });
        var caller = await scene.Inner.SendAsync(Body());
        await using var _ = caller;
        var (exchange, index) = await scene.AskedAsync();
        await exchange.BeginEventsAsync();
        await exchange.ChunkAsync(Text("1"));
        await caller.HeadAsync();
        await caller.TextAsync(Text("1").Length);
        for (var i = 1; i < asked; i++)
        {
            exchange.Reset();
            (exchange, index) = await scene.AskedAsync();
            await exchange.BeginEventsAsync();
            await exchange.ChunkAsync(Text("x"));
            await caller.TextAsync(Text("x").Length);
        }

        Kill(scene, index);
        if (isMoved)
        {
            await Waiting.UntilAsync(
                () =>
                {
                    scene.Host.Time.Advance(DeadlineSweep.Period);
                    return scene.Inner.Destinations.Any(one => one.HasWaiting);
                },
                () => "It was not given up.");
            exchange = await scene.NextAsync("");
        }
        else
        {
            // Whoever looks at limits has looked several times.
            for (var i = 0; i < 5; i++)
            {
                scene.Host.Time.Advance(DeadlineSweep.Period);
            }
        }

        await exchange.ChunkAsync(Text("2") + Finish() + Done);
        await exchange.EndAsync();
        Assert.Equal((true, Text("2") + Finish() + Done), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.Ok, isMoved ? asked + 1 : asked), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
    }

    [Fact]
    public async Task Nor_is_one_whose_text_is_whole()
    {
        await using var scene = await StartAsync(cluster: Cluster with { Health = new() { Probe = false } });
        var caller = await scene.Inner.SendAsync(Body());
        await using var _ = caller;
        var (exchange, index) = await scene.AskedAsync();
        await exchange.BeginEventsAsync();
        await exchange.ChunkAsync(Text("1") + Finish());
        await caller.HeadAsync();
        await caller.TextAsync((Text("1") + Finish()).Length);
        Kill(scene, index);
        for (var i = 0; i < 5; i++)
        {
            scene.Host.Time.Advance(DeadlineSweep.Period);
        }

        await exchange.ChunkAsync(Usage(10, 1) + Done);
        await exchange.EndAsync();
        Assert.Equal((true, Usage(10, 1) + Done), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
    }

    [Theory]
    [InlineData(true, 4)]
    [InlineData(false, 3)]
    public async Task One_that_dies_before_it_says_anything_is_passed_over_whatever_was_sent_again_before(bool afterSend, int attempts)
    {
        await using var scene = await StartAsync(Route with { Retry = new() { MaxAttempts = attempts, AfterSend = afterSend ? null : false } }, destinations: 6);
        var caller = await scene.Inner.SendAsync(Body());
        await using var _ = caller;
        if (afterSend)
        {
            // One that broke as well would make it a request that breaks servers, which is kept from a third.
            await (await scene.AskedAsync()).Exchange.AnswerAsync("{}", status: "502 Bad Gateway");
        }

        var first = await scene.NextAsync(Role() + Text("1"));
        await caller.HeadAsync();
        await caller.TextAsync((Role() + Text("1")).Length);
        first.Reset();
        (await scene.AskedAsync()).Exchange.Finish();
        var last = await scene.NextAsync(Text("2") + Finish() + Done);
        await last.EndAsync();
        Assert.Equal((true, Text("2") + Finish() + Done), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.Ok, attempts), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
        Assert.Equal(1, await scene.ContinuedAsync("completed"));
    }

    [Theory]
    [InlineData(2, 1000, "exhausted")]
    [InlineData(3, 0, "budget")]
    public async Task As_far_as_attempts_and_the_budget_go(int most, int perSecond, string result)
    {
        // The share of one request pays for one attempt.
        await using var scene = await StartAsync(Route with { Retry = new() { MaxAttempts = most, AfterSend = false } }, Cluster with { RetryBudget = new() { Ratio = 1, PerSecond = perSecond } });
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"));
        await using var _ = caller;
        await caller.TextAsync((Role() + Text("1")).Length);
        first.Reset();
        (await scene.AskedAsync()).Exchange.Finish();
        Assert.Equal((false, Error), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.StreamBroken, 2), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
        Assert.Equal(1, await scene.ContinuedAsync(result));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_first_text_came_when_it_came(bool fromFirst)
    {
        await using var scene = await StartAsync();
        var begin = Role() + (fromFirst ? Text("1") : "");
        var (caller, first) = await scene.BeginAsync(begin);
        await using var _ = caller;
        await caller.TextAsync(begin.Length);
        scene.Host.Time.Advance(TimeSpan.FromMilliseconds(10));
        first.Reset();
        var second = await scene.NextAsync("");
        scene.Host.Time.Advance(TimeSpan.FromMilliseconds(10));
        await second.ChunkAsync(Text("2"));
        await caller.TextAsync(Text("2").Length);
        second.Reset();
        var third = await scene.NextAsync("");
        scene.Host.Time.Advance(TimeSpan.FromMilliseconds(10));
        await third.ChunkAsync(Text("3") + Finish() + Done);
        await third.EndAsync();
        await caller.EndAsync();
        await scene.Inner.RestAsync();
        var record = scene.Host.Records.Last;
        var millisecond = scene.Host.Time.TimestampFrequency / 1000;
        Assert.Equal((fromFirst ? 0 : 20, fromFirst ? 30 : 10), (record.ToFirstContent / millisecond, record.Generation / millisecond));
    }

    /// <summary>All that is known of a destination says that it serves nothing.</summary>
    private static void Kill(ContinuationScene scene, int index)
    {
        var registry = scene.Host.Get<AvailabilityRegistry>();
        var all = scene.Host.Cluster("llm").Destinations.Select(pair => pair.Value).ToArray();
        foreach (var one in all)
        {
            registry.Of(one).Take(new AvailabilityEvent(AvailabilityInput.ProbeSucceeded));
        }

        var dead = all.Single(one => one.Model.Config.Address == scene.Inner.Destinations[index].Address);
        registry.Of(dead).Take(new AvailabilityEvent(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeSilent) { IsConclusive = true, IsHard = true });
    }
}
