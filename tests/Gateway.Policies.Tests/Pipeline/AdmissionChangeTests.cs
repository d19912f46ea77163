using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Yarp.ReverseProxy;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What becomes of those that wait when their cluster changes: destinations come back or go, bounds are taken away, raised and given again.</summary>
public class AdmissionChangeTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);

    private static ClusterExtensions InFlight(int? most) => FailoverScene.Calm with { Admission = new() { MaxInFlight = most } };

    private static ClusterExtensions Capacity(int? most) =>
        FailoverScene.Calm with { Capacity = most is { } limit ? new(StringComparer.OrdinalIgnoreCase) { ["*"] = limit } : [] };

    private static ClusterExtensions Adaptive(bool isOn) => FailoverScene.Calm with { Admission = new() { Adaptive = isOn } };

    private static Task WaitingAsync(FailoverScene scene, int count)
    {
        var admissions = scene.Host.Get<Admissions>();
        return Waiting.UntilAsync(() => admissions.Waiting == count, () => $"{admissions.Waiting} wait, not {count}.");
    }

    /// <summary>Gives the cluster other extensions, and comes back when they are taken over.</summary>
    private static async Task ChangeAsync(FailoverScene scene, ClusterExtensions extensions)
    {
        var before = scene.Host.Get<IProxyStateLookup>().TryGetCluster("llm", out var known) ? known.Model : null;
        scene.Host.Update(
            [WireHost.Route("all", new RouteExtensions { Inference = true })],
            [ExtensionsCarrier.Attach(WireHost.Cluster("llm", [.. scene.Destinations.Select(static one => one.Address)]) with { LoadBalancingPolicy = "RoundRobin" }, extensions)]);
        await Waiting.UntilAsync(
            () => scene.Host.Get<IProxyStateLookup>().TryGetCluster("llm", out var cluster) && cluster.Model != before && IsBound(scene, extensions),
            static () => "The cluster did not change.");
    }

    // Destinations take their bounds over just after the model was swapped.
    private static bool IsBound(FailoverScene scene, ClusterExtensions extensions)
    {
        var destinations = scene.Host.Cluster("llm").DestinationsState.AllDestinations;
        var most = extensions.Capacity.TryGetValue("*", out var limit) ? limit : int.MaxValue;
        return destinations.Count > 0 && destinations.All(one => Load(scene, one.DestinationId).MaxInFlight == most);
    }

    private static DestinationLoad Load(FailoverScene scene, string destination) =>
        scene.Host.Get<AvailabilityRegistry>().Of(scene.Host.Cluster("llm").Destinations[destination]).Load;

    private static async Task AnswerAsync(FailoverScene scene, int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        }
    }

    private static async Task<(int Status, string? Code)> EndAsync(Caller caller)
    {
        await caller.HeadAsync().Soon();
        await caller.EndAsync().Soon();
        return (caller.Status, caller.Header("X-Blaze-Error"));
    }

    private static async Task RestAsync(FailoverScene scene)
    {
        await scene.RestAsync();
        var admissions = scene.Host.Get<Admissions>();
        Assert.Equal((0, 0, 0), (admissions.Waiting, admissions.Granted, (int)admissions.Permits.Taken));
        Assert.False(admissions.Of(scene.Host.Cluster("llm")).Queue.IsWaited);
    }

    /// <summary>One of two destinations is full for long, the other was ejected and may be tried again: whoever waits is its trial.</summary>
    [Fact]
    public async Task A_destination_that_may_be_tried_again_is_a_place_for_one_that_waits()
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: Capacity(1) with { Health = new() { Probe = false, Eject = true } });
        await using var first = await scene.SendAsync();
        var (held, at) = await scene.NextAsync();
        var other = scene.Host.Get<AvailabilityRegistry>().Of(scene.Host.Cluster("llm").Destinations[$"d{1 - at}"]);
        for (var i = 0; i < 3; i++)
        {
            other.Take(new AvailabilityEvent(AvailabilityInput.AttemptFailed));
        }

        Assert.Equal(AvailabilityState.Ejected, other.Word.State);
        await using var second = await scene.SendAsync();
        await using var third = await scene.SendAsync();
        await WaitingAsync(scene, 2);
        for (var i = 0; i < 50 && other.Word.State == AvailabilityState.Ejected; i++)
        {
            scene.Host.Time.Advance(Step);
        }

        var (trial, where) = await scene.NextAsync();
        Assert.Equal(1 - at, where);

        // One at a time: the next one waits until the trial is over.
        await WaitingAsync(scene, 1);
        Assert.False(other.IsTrialDue);
        await trial.AnswerAsync(FailoverScene.Answer);
        await AnswerAsync(scene, 1);
        await held.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200, 200), ((await EndAsync(first)).Status, (await EndAsync(second)).Status, (await EndAsync(third)).Status));
        await RestAsync(scene);
    }

    /// <summary>The other destination is full: whoever waits tries the one that answered 5xx a second later, and not only after its ten.</summary>
    [Fact]
    public async Task One_that_was_ejected_for_its_answers_is_tried_as_soon_as_it_is_needed()
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: Capacity(1) with { Health = new() { Probe = false, Eject = true } });
        await using var first = await scene.SendAsync();
        var (held, at) = await scene.NextAsync();
        var other = scene.Host.Get<AvailabilityRegistry>().Of(scene.Host.Cluster("llm").Destinations[$"d{1 - at}"]);
        for (var i = 0; i < 2; i++)
        {
            other.Take(new AvailabilityEvent(AvailabilityInput.AttemptFailed, AvailabilityReason.ServerError));
        }

        scene.Host.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(AvailabilityState.Ejected, other.Word.State);
        await using var second = await scene.SendAsync();
        await WaitingAsync(scene, 1);
        scene.Host.Time.Advance(Admissions.Period);
        var (trial, where) = await scene.NextAsync();
        Assert.Equal(1 - at, where);
        Assert.Equal(AvailabilityReason.Needed, other.Facts.Reason);
        await trial.AnswerAsync(FailoverScene.Answer);
        await held.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200), ((await EndAsync(first)).Status, (await EndAsync(second)).Status));
        Assert.Equal(AvailabilityState.Up, other.Word.State);
        await RestAsync(scene);
    }

    /// <summary>Requests sent before the change teach nothing of limits that are not learned any more.</summary>
    [Fact]
    public async Task Where_limits_are_not_learned_any_more_none_is_left()
    {
        await using var scene = await FailoverScene.StartAsync(1, cluster: Adaptive(true));
        await using var first = await scene.SendAsync(FailoverScene.Body(more: "\"stream\":true,"));
        var (held, _) = await scene.NextAsync();
        var load = Load(scene, "d0");
        load.AdaptiveLimit = 20;
        await ChangeAsync(scene, Adaptive(false));
        await Waiting.UntilAsync(() => load.EffectiveLimit == int.MaxValue, () => $"The limit is {load.EffectiveLimit}.");
        var body = Scene.Event + "data: [DONE]\n\n";
        await held.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        Assert.Equal(200, (await EndAsync(first)).Status);
        Assert.Equal(int.MaxValue, load.EffectiveLimit);
        await RestAsync(scene);

        // Whatever is written too late holds for nobody, and is not what learning begins with the next time.
        load.AdaptiveLimit = 1;
        Assert.Equal(int.MaxValue, load.EffectiveLimit);
        await ChangeAsync(scene, Adaptive(true));
        await Waiting.UntilAsync(() => load.AdaptiveLimit == int.MaxValue, () => $"The limit is {load.AdaptiveLimit}.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bounds_that_are_taken_away_let_all_go_on_and_keep_nobodys_turn(bool ofCluster)
    {
        var (bounded, free) = ofCluster ? (InFlight(1), InFlight(null)) : (Capacity(1), Capacity(null));
        await using var scene = await FailoverScene.StartAsync(1, cluster: bounded);
        var admissions = scene.Host.Get<Admissions>();
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        await using var second = await scene.SendAsync();
        await using var third = await scene.SendAsync();
        await WaitingAsync(scene, 2);
        Assert.Equal(2, await scene.Host.SumAsync("blaze_queue_depth_requests"));
        await ChangeAsync(scene, free);
        await using var fourth = await scene.SendAsync();
        var exchanges = new[] { (await scene.NextAsync()).Exchange, (await scene.NextAsync()).Exchange, (await scene.NextAsync()).Exchange };
        await Waiting.UntilAsync(() => admissions.Granted == 0, () => $"{admissions.Granted} have their turn still.");
        Assert.False(admissions.Of(scene.Host.Cluster("llm")).Queue.IsWaited);
        Assert.Equal(0, await scene.Host.SumAsync("blaze_queue_depth_requests"));
        foreach (var exchange in exchanges.Append(held))
        {
            await exchange.AnswerAsync(FailoverScene.Answer);
        }

        foreach (var caller in new[] { first, second, third, fourth })
        {
            Assert.Equal(200, (await EndAsync(caller)).Status);
        }

        await RestAsync(scene);
    }

    [Fact]
    public async Task A_raised_bound_lets_those_in_that_wait_though_nothing_else_happens()
    {
        await using var scene = await FailoverScene.StartAsync(1, cluster: InFlight(1));
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        await using var second = await scene.SendAsync();
        await WaitingAsync(scene, 1);
        await ChangeAsync(scene, InFlight(2));
        scene.Host.Time.Advance(Admissions.Period);
        await AnswerAsync(scene, 1);
        await held.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200), ((await EndAsync(first)).Status, (await EndAsync(second)).Status));
        await RestAsync(scene);
    }

    /// <summary>A cluster of the same name has a queue of its own, and it is the one that is told.</summary>
    [Fact]
    public async Task A_cluster_that_was_away_is_told_of_permits_at_once()
    {
        await using var scene = await FailoverScene.StartAsync(1, cluster: InFlight(1));
        await using var first = await scene.SendAsync();
        await AnswerAsync(scene, 1);
        Assert.Equal(200, (await EndAsync(first)).Status);
        var old = scene.Host.Cluster("llm");
        scene.Host.Update([], []);
        await Waiting.UntilAsync(() => !scene.Host.Get<IProxyStateLookup>().TryGetCluster("llm", out _), static () => "The cluster is still there.");
        await ChangeAsync(scene, InFlight(1));
        Assert.NotSame(old, scene.Host.Cluster("llm"));
        await using var second = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        await using var third = await scene.SendAsync();
        await WaitingAsync(scene, 1);
        await held.AnswerAsync(FailoverScene.Answer);

        // The clock stands: nobody but the permit tells.
        await AnswerAsync(scene, 1);
        Assert.Equal((200, 200), ((await EndAsync(second)).Status, (await EndAsync(third)).Status));
    }

    /// <summary>It waits for the one destination it was not sent to. When that goes there is nothing to wait for, though the other one is full and well.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public async Task Who_has_nothing_left_to_wait_for_is_told(int? most)
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: Capacity(1) with { Admission = new() { MaxInFlight = most } });
        await using var first = await scene.SendAsync();
        var (one, at) = await scene.NextAsync();
        await using var second = await scene.SendAsync();
        var (other, _) = await scene.NextAsync();
        await using var third = await scene.SendAsync();
        await WaitingAsync(scene, 1);
        one.Reset();
        var (taken, _) = await scene.NextAsync();
        await WaitingAsync(scene, 1);
        scene.Host.Get<AvailabilityRegistry>().SetDraining(scene.Host.Cluster("llm"), $"d{1 - at}", draining: true);
        scene.Host.Time.Advance(Admissions.Period);
        Assert.Equal((503, "no_healthy_backend"), await EndAsync(first));
        await taken.AnswerAsync(FailoverScene.Answer);
        await other.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200), ((await EndAsync(second)).Status, (await EndAsync(third)).Status));
        await RestAsync(scene);
    }
}
