using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What is told of requests for which more than one pick was made, on real Kestrel.</summary>
public sealed class AttemptDecisionTests
{
    private static readonly ClusterExtensions OneAtATime = FailoverScene.Calm with
    {
        Capacity = new(StringComparer.OrdinalIgnoreCase) { ["*"] = 1 },
        Admission = new() { QueueLimit = 10 },
    };

    [Fact]
    public async Task A_pick_that_found_no_room_is_told_to_have_led_to_a_wait()
    {
        await using var scene = await StartAsync(1, OneAtATime);
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        await using var second = await scene.SendAsync(headers: [("X-Request-Id", "second")]);
        await Waiting.UntilAsync(() => scene.Host.Get<Admissions>().Waiting == 1, () => "Nobody waits.");
        await held.AnswerAsync(FailoverScene.Answer);
        await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        await second.HeadAsync();
        await second.EndAsync();
        await scene.RestAsync();
        var told = scene.Host.Get<DecisionRecorder>().Of("second")!;
        Assert.Equal(("d0", 1, "ok"), (told.Destination, told.Attempt, told.Outcome!.Result));
        var waited = Assert.Single(told.Earlier!);
        Assert.Equal((null, 1, "not_picked", 0, "waited"), (waited.Destination, waited.Attempt, waited.Outcome!.Result, waited.Outcome.Status, waited.Outcome.Next!));
        Assert.True(Assert.Single(waited.Candidates).IsFull);
    }

    [Fact]
    public async Task Each_attempt_has_its_destination_and_why_there_was_another()
    {
        await using var scene = await StartAsync(3);
        await using var caller = await scene.SendAsync(headers: [("X-Request-Id", "one")]);
        var (first, a) = await scene.NextAsync();
        await first.AnswerAsync("busy", status: "503 Service Unavailable");
        var (second, b) = await scene.NextAsync();
        await second.SendAsync("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n");
        var (third, c) = await scene.NextAsync();
        await third.AnswerAsync(FailoverScene.Answer);
        await caller.HeadAsync();
        await caller.EndAsync();
        await scene.RestAsync();
        var told = scene.Host.Get<DecisionRecorder>().Of("one")!;
        Assert.Equal([($"d{a}", 503, "status"), ($"d{b}", 429, "rate_limited")], told.Earlier!.Select(made => (made.Destination!, made.Outcome!.Status, made.Outcome.Next!)));
        Assert.Equal(($"d{c}", 3, "ok", null), (told.Destination, told.Attempt, told.Outcome!.Result, told.Outcome.Next));
        Assert.Equal(
            [($"d{a}", "tried"), ($"d{b}", "cooling"), ($"d{c}", null)],
            new[] { a, b, c }.Select(i => told.Candidates.Single(candidate => candidate.Destination == $"d{i}")).Select(candidate => (candidate.Destination, candidate.PassedOver)));
    }

    private static Task<FailoverScene> StartAsync(int destinations, ClusterExtensions? cluster = null) => FailoverScene.StartAsync(
        destinations, cluster: cluster, proxy: static proxy => proxy.Services.AddSingleton(static services => new DecisionRecorder(16, services.GetRequiredService<TimeProvider>())));
}
