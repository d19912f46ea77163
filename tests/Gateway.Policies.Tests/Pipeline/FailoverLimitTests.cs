using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Resilience;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What bounds attempts: rate limits of destinations, the budget of the cluster, requests that make destinations fail; and what frees those that wait in vain.</summary>
public sealed class FailoverLimitTests
{
    private const string Busy = "429 Too Many Requests";

    [Fact]
    public async Task A_destination_that_limits_its_rate_is_left_alone_for_as_long_as_it_says()
    {
        await using var scene = await FailoverScene.StartAsync(3);
        await using (var caller = await scene.SendAsync())
        {
            var (first, limited) = await scene.NextAsync();
            await LimitAsync(first, 5);
            var (second, _) = await scene.NextAsync();
            await AnsweredAsync(scene, caller, second);
            for (var i = 0; i < 6; i++)
            {
                await using var next = await scene.SendAsync();
                var (exchange, destination) = await scene.NextAsync();
                Assert.NotEqual(limited, destination);
                await AnsweredAsync(scene, next, exchange);
            }

            Assert.Equal("up", Availability(scene, limited).Word.State.Name());

            // Jitter is a tenth at most.
            scene.Host.Time.Advance(TimeSpan.FromSeconds(4.4));
            Assert.True(Availability(scene, limited).Load.IsCooling);
            scene.Host.Time.Advance(TimeSpan.FromSeconds(1.2));
            Assert.False(Availability(scene, limited).Load.IsCooling);
        }

        Assert.Equal(1, await scene.Host.SumAsync("blaze_retries_total{cluster=\"llm\",reason=\"rate_limited\",result=\"made\"}"));
    }

    [Theory]
    [InlineData("RoundRobin")]
    [InlineData("Random")]
    [InlineData("LeastRequests")]
    public async Task Whatever_picks_passes_it_over(string strategy)
    {
        await using var scene = await FailoverScene.StartAsync(2, change: cluster => cluster with { LoadBalancingPolicy = strategy });
        Availability(scene, 0).Cool(TimeSpan.FromSeconds(10));
        for (var i = 0; i < 8; i++)
        {
            await using var caller = await scene.SendAsync();
            var (exchange, destination) = await scene.NextAsync();
            Assert.Equal(1, destination);
            await AnsweredAsync(scene, caller, exchange);
        }
    }

    [Fact]
    public async Task When_all_limit_their_rate_the_client_is_told_the_shortest_time()
    {
        await using var scene = await FailoverScene.StartAsync(3);
        await using (var caller = await scene.SendAsync())
        {
            foreach (var seconds in new[] { 20, 7, 40 })
            {
                await LimitAsync((await scene.NextAsync()).Exchange, seconds);
            }

            await caller.HeadAsync();
            Assert.Equal((429, "upstream_rate_limited", "3"), (caller.Status, caller.Header("X-Blaze-Error"), caller.Header("X-Blaze-Attempts")));
            Assert.InRange(Seconds(caller), 7, 8);
            await scene.RestAsync();
        }

        // While they do, nobody is asked.
        await using (var caller = await scene.SendAsync())
        {
            await caller.HeadAsync();
            Assert.Equal((429, "upstream_rate_limited"), (caller.Status, caller.Header("X-Blaze-Error")));
            await scene.RestAsync();
            Assert.Equal((0, Outcome.RateLimited), (scene.Host.Records.Last.Attempts, scene.Host.Records.Last.Outcome));
        }

        scene.Host.Time.Advance(TimeSpan.FromSeconds(7.8));
        await using var again = await scene.SendAsync();
        await AnsweredAsync(scene, again, (await scene.NextAsync()).Exchange);
    }

    [Fact]
    public async Task The_limits_of_the_only_destination_are_its_clients_to_deal_with()
    {
        await using var scene = await FailoverScene.StartAsync(1);
        for (var i = 0; i < 2; i++)
        {
            await using var caller = await scene.SendAsync();
            await LimitAsync((await scene.NextAsync()).Exchange, 30);
            await caller.HeadAsync();
            Assert.Equal((429, "30", (string?)null), (caller.Status, caller.Header("Retry-After"), caller.Header("X-Blaze-Error")));
            await caller.EndAsync();
            await scene.RestAsync();
        }
    }

    [Fact]
    public async Task What_fails_at_random_is_sent_again_within_the_budget_and_no_further()
    {
        var cluster = FailoverScene.Calm with { RetryBudget = new() { Ratio = 0, PerSecond = 0.2 } };
        await using var scene = await FailoverScene.StartAsync(2, cluster: cluster);
        for (var i = 0; i < 3; i++)
        {
            await using var caller = await scene.SendAsync();
            await (await scene.NextAsync()).Exchange.AnswerAsync("busy", status: "503 Service Unavailable");

            // Ten seconds' worth is saved at the start: two.
            if (i < 2)
            {
                await AnsweredAsync(scene, caller, (await scene.NextAsync()).Exchange);
                continue;
            }

            await caller.HeadAsync();
            Assert.Equal((503, "busy"), (caller.Status, (await caller.EndAsync()).Text));
            await scene.RestAsync();
        }

        Assert.Equal(2, await scene.Host.SumAsync("blaze_retries_total{cluster=\"llm\",reason=\"status\",result=\"made\"}"));
        Assert.Equal(1, await scene.Host.SumAsync("blaze_retries_total{cluster=\"llm\",reason=\"status\",result=\"budget\"}"));
        scene.Host.Time.Advance(TimeSpan.FromSeconds(5));
        await using var again = await scene.SendAsync();
        (await scene.NextAsync()).Exchange.Reset();
        await AnsweredAsync(scene, again, (await scene.NextAsync()).Exchange);
    }

    [Fact]
    public async Task Refused_connections_are_never_left_to_the_client_for_want_of_budget()
    {
        var cluster = FailoverScene.Calm with { RetryBudget = new() { Ratio = 0, PerSecond = 0 } };
        await using var scene = await FailoverScene.StartAsync(1, cluster: cluster, dead: [FailoverScene.Dead()]);
        for (var i = 0; i < 6; i++)
        {
            await using var caller = await scene.SendAsync();
            await AnsweredAsync(scene, caller, (await scene.NextAsync()).Exchange);
        }
    }

    [Fact]
    public async Task A_request_that_breaks_two_destinations_meets_no_third_for_a_minute()
    {
        await using var scene = await FailoverScene.StartAsync(4);
        var poison = FailoverScene.Body("poison");
        await PoisonedAsync(scene, poison);
        await using (var caller = await scene.SendAsync(poison))
        {
            await caller.HeadAsync();
            Assert.Equal((502, "poison_request"), (caller.Status, caller.Header("X-Blaze-Error")));
            await scene.RestAsync();
            Assert.Equal(0, scene.Host.Records.Last.Attempts);
        }

        // Others are not to suffer for it.
        await using (var other = await scene.SendAsync(FailoverScene.Body("other")))
        {
            await AnsweredAsync(scene, other, (await scene.NextAsync()).Exchange);
        }

        scene.Host.Time.Advance(PoisonList.Length);
        await using var later = await scene.SendAsync(poison);
        await AnsweredAsync(scene, later, (await scene.NextAsync()).Exchange);
    }

    [Fact]
    public async Task A_request_that_is_answered_elsewhere_was_not_to_blame()
    {
        await using var scene = await FailoverScene.StartAsync(3);
        for (var i = 0; i < 5; i++)
        {
            await using var caller = await scene.SendAsync();
            (await scene.NextAsync()).Exchange.Reset();
            await AnsweredAsync(scene, caller, (await scene.NextAsync()).Exchange);
        }

        Assert.True(scene.Host.Get<PlanCache>().For(scene.Host.Cluster("llm")).Poison.IsEmpty);
    }

    [Fact]
    public async Task Destinations_that_die_together_are_no_request_s_doing()
    {
        await using var scene = await FailoverScene.StartAsync(3);

        // The same body on all three, as health checks and load tests send it.
        var callers = new List<Caller>();
        var exchanges = new List<Exchange>();
        for (var i = 0; i < 3; i++)
        {
            callers.Add(await scene.SendAsync());
            exchanges.Add((await scene.NextAsync()).Exchange);
        }

        exchanges.ForEach(exchange => exchange.Reset());
        for (var i = 0; i < 3; i++)
        {
            await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        }

        foreach (var caller in callers)
        {
            await caller.HeadAsync();
            Assert.Equal(200, caller.Status);
            await caller.DisposeAsync();
        }

        await scene.RestAsync();
    }

    [Fact]
    public async Task An_outage_ends_for_a_request_that_met_it_twice()
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: FailoverScene.Calm with { Health = new() { Probe = false } });
        var body = FailoverScene.Body("twice");
        await PoisonedAsync(scene, body);
        foreach (var destination in new[] { 0, 1 })
        {
            scene.Host.Get<AvailabilityRegistry>().SetDraining(scene.Host.Cluster("llm"), $"d{destination}", draining: true);
        }

        await using (var caller = await scene.SendAsync(body))
        {
            await caller.HeadAsync();
            Assert.Equal((503, "no_healthy_backend"), (caller.Status, caller.Header("X-Blaze-Error")));
            await scene.RestAsync();
        }

        foreach (var destination in new[] { 0, 1 })
        {
            scene.Host.Get<AvailabilityRegistry>().SetDraining(scene.Host.Cluster("llm"), $"d{destination}", draining: false);
        }

        await using var again = await scene.SendAsync(body);
        await AnsweredAsync(scene, again, (await scene.NextAsync()).Exchange);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_waits_for_a_destination_that_is_taken_out_is_sent_to_another_at_once(bool hasHeaders)
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: FailoverScene.Calm with { Health = new() { Probe = false } });
        var body = FailoverScene.Body("waits", "\"stream\":true,");
        await using var caller = await scene.SendAsync(body);
        var (first, silent) = await scene.NextAsync();
        if (hasHeaders)
        {
            await first.BeginEventsAsync();
            await Waiting.UntilAsync(() => Availability(scene, silent).Load.InFlight == 1, () => "nothing is in flight");
        }

        Die(scene, silent);
        var (second, other) = await scene.NextAsync();
        Assert.NotEqual(silent, other);
        Assert.Equal(body, await second.Body);
        await first.Closed.Soon();
        await AnsweredAsync(scene, caller, second);
        Assert.Equal(1, await scene.Host.SumAsync("blaze_retries_total{cluster=\"llm\",reason=\"ejected\",result=\"made\"}"));
        Assert.Equal(2, scene.Host.Records.Last.Attempts);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Who_waits_for_the_last_destination_waits_on(int destinations)
    {
        await using var scene = await FailoverScene.StartAsync(destinations, cluster: FailoverScene.Calm with { Health = new() { Probe = false } });
        await using var caller = await scene.SendAsync();
        var (exchange, silent) = await scene.NextAsync();
        for (var i = 0; i < destinations; i++)
        {
            Availability(scene, i).Take(new AvailabilityEvent(AvailabilityInput.ProbeSucceeded));
        }

        // The other one first, so that there is nobody to go to when its own is gone.
        foreach (var dying in Enumerable.Range(0, destinations).OrderBy(i => i == silent))
        {
            Availability(scene, dying).Take(new AvailabilityEvent(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeSilent) { IsConclusive = true, IsHard = true });
        }

        Assert.True(scene.Host.Cluster("llm").DestinationsState.AvailableDestinations.Count == 0);
        scene.Host.Time.Advance(DeadlineSweep.Period);
        await AnsweredAsync(scene, caller, exchange);
    }

    [Fact]
    public async Task Who_has_the_beginning_of_an_answer_stays()
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: FailoverScene.Calm with { Health = new() { Probe = false } });
        await using var caller = await scene.SendAsync(FailoverScene.Body(more: "\"stream\":true,"));
        var (first, silent) = await scene.NextAsync();
        await first.BeginEventsAsync();
        await first.ChunkAsync(Scene.Event);
        await caller.HeadAsync();
        await caller.ReadAsync(Scene.Event.Length);
        Die(scene, silent);
        scene.Host.Time.Advance(DeadlineSweep.Period);
        await first.ChunkAsync("data: [DONE]\n\n");
        await first.EndAsync();
        Assert.Equal((true, "data: [DONE]\n\n"), ((await caller.EndAsync()) is var ending && ending.IsComplete, ending.Text));
        await scene.RestAsync();
        Assert.Equal(1, scene.Host.Records.Last.Attempts);
    }

    [Fact]
    public async Task A_destination_ejected_for_its_answers_may_finish_what_it_has()
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: FailoverScene.Calm with { Health = new() { Probe = false } });
        await using var caller = await scene.SendAsync();
        var (first, failing) = await scene.NextAsync();
        var availability = Availability(scene, failing);
        availability.Take(new AvailabilityEvent(AvailabilityInput.AttemptFailed, AvailabilityReason.ServerError) { IsConclusive = true });
        Assert.Equal("ejected", availability.Word.State.Name());
        scene.Host.Time.Advance(DeadlineSweep.Period);
        await AnsweredAsync(scene, caller, first);
        Assert.Equal(1, scene.Host.Records.Last.Attempts);
    }

    private static void Die(FailoverScene scene, int destination) =>
        Availability(scene, destination).Take(new AvailabilityEvent(AvailabilityInput.AttemptFailed, AvailabilityReason.ConnectRefused) { IsConclusive = true });

    private static DestinationAvailability Availability(FailoverScene scene, int destination)
    {
        DestinationState state = scene.Host.Cluster("llm").Destinations[$"d{destination}"];
        return scene.Host.Get<AvailabilityRegistry>().Of(state);
    }

    private static Task LimitAsync(Exchange exchange, int seconds) =>
        exchange.SendAsync($"HTTP/1.1 {Busy}\r\nRetry-After: {seconds}\r\nContent-Length: 4\r\n\r\nbusy");

    private static async Task AnsweredAsync(FailoverScene scene, Caller caller, Exchange exchange)
    {
        await exchange.AnswerAsync(FailoverScene.Answer);
        await caller.HeadAsync();
        Assert.Equal(200, caller.Status);
        await caller.EndAsync();
        await scene.RestAsync();
    }

    private static async Task PoisonedAsync(FailoverScene scene, byte[] body)
    {
        await using var caller = await scene.SendAsync(body);
        (await scene.NextAsync()).Exchange.Reset();
        (await scene.NextAsync()).Exchange.Reset();
        await caller.HeadAsync();
        Assert.Equal((502, "poison_request"), (caller.Status, caller.Header("X-Blaze-Error")));
        await scene.RestAsync();
        Assert.Equal(2, scene.Host.Records.Last.Attempts);
    }

    private static int Seconds(Caller caller) => int.Parse(caller.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture);
}
