using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.Policies.Tests.Pipeline;

public class AdmissionTests
{
    private const string Objective = "x-gateway-inference-objective";

    private static ClusterExtensions Cluster(string bound, int limit = 100, TimeSpan? timeout = null) => FailoverScene.Calm with
    {
        Capacity = bound == "capacity" ? new(StringComparer.OrdinalIgnoreCase) { ["*"] = 1 } : [],
        Admission = new() { MaxInFlight = bound == "cluster" ? 1 : null, QueueLimit = limit, QueueTimeout = timeout },
    };

    private static Task<FailoverScene> StartAsync(string bound = "capacity", int limit = 100, int destinations = 1, RouteExtensions? route = null, TimeSpan? timeout = null) =>
        FailoverScene.StartAsync(destinations, route, Cluster(bound, limit, timeout));

    private static async Task<Caller> QueueAsync(FailoverScene scene, string? band = null)
    {
        var before = scene.Host.Get<Admissions>().Waiting;
        var caller = await scene.SendAsync(headers: band is null ? [] : [(Objective, band)]);
        await WaitingAsync(scene, before + 1);
        return caller;
    }

    private static Task WaitingAsync(FailoverScene scene, int count)
    {
        var admissions = scene.Host.Get<Admissions>();
        return Waiting.UntilAsync(() => admissions.Waiting == count, () => $"{admissions.Waiting} wait, not {count}.");
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
        Assert.Equal((0, 0), (admissions.Waiting, admissions.Granted));
        Assert.False(admissions.Of(scene.Host.Cluster("llm")).Queue.IsWaited);
    }

    [Theory]
    [InlineData("capacity", "HTTP/1.1")]
    [InlineData("capacity", "HTTP/2")]
    [InlineData("cluster", "HTTP/1.1")]
    public async Task A_request_waits_while_its_cluster_is_full_and_goes_on_when_a_place_is_free(string bound, string protocol)
    {
        await using var scene = await StartAsync(bound);
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        await using var second = await scene.SendAsync(protocol: protocol);
        await WaitingAsync(scene, 1);
        Assert.Equal(1, await scene.Host.SumAsync("""blaze_queue_depth_requests{cluster="llm",band="standard"}"""));
        scene.Host.Time.Advance(TimeSpan.FromSeconds(3));
        await held.AnswerAsync(FailoverScene.Answer);
        var (exchange, _) = await scene.NextAsync();
        await exchange.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200), ((await EndAsync(first)).Status, (await EndAsync(second)).Status));
        await RestAsync(scene);
        Assert.Equal(1, await scene.Host.SumAsync("blaze_queue_wait_seconds_count"));
        Assert.Equal(3, await scene.Host.SumAsync("blaze_queue_wait_seconds_sum"), 0.1);
        Assert.Equal(0, await scene.Host.SumAsync("blaze_queue_depth_requests"));
    }

    [Fact]
    public async Task Higher_bands_go_first_and_take_the_places_of_lower_ones_in_a_full_queue()
    {
        await using var scene = await StartAsync(limit: 2);
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        await using var batch = await QueueAsync(scene, "batch");
        await using var newest = await QueueAsync(scene, "batch");
        await using var standard = await scene.SendAsync();
        Assert.Equal((503, "overloaded"), await EndAsync(newest));
        Assert.InRange(int.Parse(newest.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        await WaitingAsync(scene, 2);
        await using var refused = await scene.SendAsync(headers: [(Objective, "batch")]);
        Assert.Equal((503, "overloaded"), await EndAsync(refused));
        await held.AnswerAsync(FailoverScene.Answer);
        await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        Assert.Equal(200, (await EndAsync(standard)).Status);
        await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200), ((await EndAsync(batch)).Status, (await EndAsync(first)).Status));
        await RestAsync(scene);
        Assert.Equal(1, await scene.Host.SumAsync("""blaze_admission_shed_total{cluster="llm",band="batch",reason="displaced"}"""));
        Assert.Equal(1, await scene.Host.SumAsync("""blaze_admission_shed_total{cluster="llm",band="batch",reason="full"}"""));
    }

    /// <summary>The limit is the queue's, or that of the whole request if that comes first. Nothing reaches the destination afterwards.</summary>
    [Theory]
    [InlineData(null, null, 30)]
    [InlineData(null, 5, 5)]
    [InlineData(3, null, 3)]
    [InlineData(20, 5, 5)]
    public async Task Who_waits_too_long_is_told_to_come_again_and_never_served(int? queue, int? total, int seconds)
    {
        var route = new RouteExtensions { Inference = true, Timeouts = new() { Total = total is { } limit ? TimeSpan.FromSeconds(limit) : null } };
        await using var scene = await StartAsync(route: route, timeout: queue is { } longest ? TimeSpan.FromSeconds(longest) : null);
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        await using var second = await QueueAsync(scene);
        scene.Host.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, scene.Host.Get<Admissions>().Waiting);
        scene.Host.Time.Advance(TimeSpan.FromMilliseconds(1) + Admissions.Period);
        Assert.Equal((503, "queue_timeout"), await EndAsync(second));
        Assert.NotNull(second.Header("Retry-After"));
        if (total is null)
        {
            await held.AnswerAsync(FailoverScene.Answer);
        }

        Assert.Equal(total is null ? 200 : 504, (await EndAsync(first)).Status);
        Assert.False(scene.Destinations[0].HasWaiting);
        await RestAsync(scene);
        Assert.Equal(1, await scene.Host.SumAsync("""blaze_admission_shed_total{cluster="llm",band="standard",reason="timeout"}"""));
    }

    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task A_client_that_leaves_while_it_waits_leaves_its_place_at_once(string protocol)
    {
        await using var scene = await StartAsync(limit: 1);
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        var caller = await scene.SendAsync(protocol: protocol);
        await WaitingAsync(scene, 1);
        await caller.LeaveAsync();
        await WaitingAsync(scene, 0);
        await using var next = await QueueAsync(scene);
        await held.AnswerAsync(FailoverScene.Answer);
        await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200), ((await EndAsync(first)).Status, (await EndAsync(next)).Status));
        await RestAsync(scene);
        await caller.DisposeAsync();
    }

    [Fact]
    public async Task The_gateways_stop_ends_all_waits()
    {
        await using var scene = await StartAsync();
        await using var first = await scene.SendAsync();
        await scene.NextAsync();
        await using var second = await QueueAsync(scene);
        scene.Host.Get<DeadlineSweep>().ShutDown();
        Assert.Equal((503, "draining"), await EndAsync(second));
        await scene.Host.StopAsync().Soon();
        var admissions = scene.Host.Get<Admissions>();
        Assert.Equal((0, 0), (admissions.Waiting, admissions.Granted));
    }

    /// <summary>Its first destination broke off; while the second is full it waits, before those that were never served, whatever their band.</summary>
    [Fact]
    public async Task A_request_that_is_retried_does_not_stand_behind_others_again()
    {
        await using var scene = await StartAsync(destinations: 2);
        await using var first = await scene.SendAsync();
        var (one, at) = await scene.NextAsync();
        await using var second = await scene.SendAsync();
        var (other, _) = await scene.NextAsync();
        await using var early = await QueueAsync(scene, "critical");
        await using var late = await QueueAsync(scene, "critical");
        one.Reset();

        // The place it left is taken by one that waited; the request itself waits for the destination it was not sent to.
        var (taken, _) = await scene.NextAsync();
        await WaitingAsync(scene, 2);
        await other.AnswerAsync(FailoverScene.Answer);
        var (again, where) = await scene.NextAsync();
        Assert.Equal(1 - at, where);
        await again.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, "2"), ((await EndAsync(first)).Status, first.Header("X-Blaze-Attempts")));
        await taken.AnswerAsync(FailoverScene.Answer);
        await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        await Task.WhenAll(EndAsync(second), EndAsync(early), EndAsync(late));
        Assert.Equal((200, 200, 200), (second.Status, early.Status, late.Status));
        await RestAsync(scene);
    }

    [Fact]
    public async Task A_raised_limit_lets_those_in_that_wait()
    {
        await using var scene = await StartAsync();
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        await using var second = await QueueAsync(scene);
        scene.Host.Get<AvailabilityRegistry>().Of(scene.Host.Cluster("llm").DestinationsState.AllDestinations[0]).Load.MaxInFlight = 2;
        var (next, _) = await scene.NextAsync();
        await next.AnswerAsync(FailoverScene.Answer);
        await held.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200), ((await EndAsync(first)).Status, (await EndAsync(second)).Status));
        await RestAsync(scene);
    }

    [Fact]
    public async Task When_no_destination_is_left_those_that_wait_are_told()
    {
        await using var scene = await StartAsync();
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        await using var second = await QueueAsync(scene);
        scene.Host.Get<AvailabilityRegistry>().SetDraining(scene.Host.Cluster("llm"), "d0", draining: true);
        Assert.Equal((503, "no_healthy_backend"), await EndAsync(second));
        await held.AnswerAsync(FailoverScene.Answer);
        Assert.Equal(200, (await EndAsync(first)).Status);
        await RestAsync(scene);
    }

    /// <summary>What operators are told of a cluster's queue; nothing of one that bounds nothing.</summary>
    [Fact]
    public async Task Operators_see_how_much_waits_by_priority()
    {
        await using var scene = await StartAsync(limit: 7);
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        var (admissions, cluster) = (scene.Host.Get<Admissions>(), scene.Host.Cluster("llm"));
        var calm = admissions.Describe(cluster)!;
        Assert.Equal((7, 0L, 0.0), (calm.Limit, calm.Bytes, calm.ServedPerSecond));
        Assert.Equal("critical standard batch", string.Join(' ', calm.Waiting.Keys));
        Assert.All(calm.Waiting.Values, static waiting => Assert.Equal(0, waiting));
        await using var batch = await QueueAsync(scene, "batch");
        await using var standard = await QueueAsync(scene);
        var report = admissions.Describe(cluster)!;
        Assert.Equal((0, 1, 1), (report.Waiting["critical"], report.Waiting["standard"], report.Waiting["batch"]));
        Assert.Equal(2 * FailoverScene.Body().Length, report.Bytes);
        scene.Host.Time.Advance(TimeSpan.FromSeconds(2));
        await held.AnswerAsync(FailoverScene.Answer);
        for (var i = 0; i < 2; i++)
        {
            await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        }

        await Task.WhenAll(EndAsync(first), EndAsync(standard), EndAsync(batch));
        var after = admissions.Describe(cluster)!;
        Assert.Equal((0L, 0), (after.Bytes, after.Waiting.Values.Sum()));
        Assert.InRange(after.ServedPerSecond, 0.1, 2);
        await RestAsync(scene);
        await using var free = await StartAsync(bound: "none");
        await using var caller = await free.SendAsync();
        await (await free.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        Assert.Equal(200, (await EndAsync(caller)).Status);
        Assert.Null(free.Host.Get<Admissions>().Describe(free.Host.Cluster("llm")));
    }

    [Theory]
    [InlineData(0.84, 100_000, 200)]
    [InlineData(0.85, 60_000, 200)]
    [InlineData(0.85, 100_000, 503)]
    [InlineData(0.95, 0, 503)]
    public async Task Where_memory_is_short_large_bodies_are_refused_and_where_there_is_none_all_are(double used, int length, int expected)
    {
        var reading = new MemoryReading((long)(1000 * used), 1000, 500, 1);
        await using var scene = await FailoverScene.StartAsync(1, cluster: Cluster("capacity"), proxy: proxy =>
            proxy.Services.AddSingleton(services => new MemoryPressure(services.GetRequiredService<TimeProvider>(), () => reading, static () => { })));
        await using var before = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        scene.Host.Get<MemoryPressure>();
        scene.Host.Time.Advance(MemoryPressure.Period);
        if (used >= MemoryPressure.Short)
        {
            await using var waits = await scene.SendAsync();
            Assert.Equal((503, "overloaded"), await EndAsync(waits));
        }

        await held.AnswerAsync(FailoverScene.Answer);
        Assert.Equal(200, (await EndAsync(before)).Status);
        await Waiting.UntilAsync(() => scene.Host.Get<RequestContextPool>().InFlight == 0, () => "Requests are in flight.");
        await using var caller = await scene.SendAsync(FailoverScene.Body(new string('x', length)));
        if (expected == 200)
        {
            await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        }

        Assert.Equal(expected, (await EndAsync(caller)).Status);
        await RestAsync(scene);
    }
}
