using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>A request whose destination fails before the first byte of the answer goes to another one, and whoever asked notices nothing.</summary>
public sealed class FailoverTests
{
    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task A_connection_that_breaks_before_the_answer_is_another_attempt_with_the_same_bytes(string protocol)
    {
        await using var scene = await FailoverScene.StartAsync(2);
        foreach (var breaks in new Action<Exchange>[] { exchange => exchange.Reset(), exchange => exchange.Finish() })
        {
            var body = FailoverScene.Body(new string('x', 200_000));
            await using var caller = await scene.SendAsync(body, protocol: protocol);
            var (first, failed) = await scene.NextAsync();
            breaks(first);
            var (second, other) = await scene.NextAsync();
            Assert.NotEqual(failed, other);
            Assert.Equal(body, await second.Body);
            await second.AnswerAsync(FailoverScene.Answer);
            await caller.HeadAsync();
            Assert.Equal((200, "2"), (caller.Status, caller.Header("X-Blaze-Attempts")));
            Assert.Equal(FailoverScene.Answer, (await caller.EndAsync()).Text);
            await scene.RestAsync();
            Assert.Equal((2, Outcome.Ok, $"d{other}"), (scene.Host.Records.Last.Attempts, scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Destination));
        }

        Assert.Equal(2, await scene.Host.SumAsync("blaze_retries_total{cluster=\"llm\",reason=\"broken\",result=\"made\"}"));
    }

    [Fact]
    public async Task Headers_without_a_byte_of_the_body_are_no_answer_yet()
    {
        await using var scene = await FailoverScene.StartAsync(2);
        foreach (var protocol in new[] { "HTTP/1.1", "HTTP/2" })
        {
            await using var caller = await scene.SendAsync(FailoverScene.Body(more: "\"stream\":true,"), protocol: protocol);
            var (first, _) = await scene.NextAsync();
            await first.BeginEventsAsync();
            await first.SendAsync("");
            first.Reset();
            var (second, _) = await scene.NextAsync();
            await second.BeginEventsAsync();
            await second.ChunkAsync(Scene.Event);
            await second.ChunkAsync("data: [DONE]\n\n");
            await second.EndAsync();
            await caller.HeadAsync();
            var ending = await caller.EndAsync();
            Assert.Equal((200, true, Scene.Event + "data: [DONE]\n\n"), (caller.Status, ending.IsComplete, ending.Text));
            await scene.RestAsync();
        }
    }

    [Fact]
    public async Task After_the_first_byte_nothing_is_sent_a_second_time()
    {
        await using var scene = await FailoverScene.StartAsync(2);
        await using var caller = await scene.SendAsync();
        var (first, _) = await scene.NextAsync();
        await first.BeginAsync("application/json");
        await first.ChunkAsync("{");
        await caller.HeadAsync();
        Assert.Equal("{", await caller.TextAsync(1));
        first.Reset();
        Assert.False((await caller.EndAsync()).IsComplete);
        await scene.RestAsync();
        Assert.Equal(1, scene.Host.Records.Last.Attempts);
        Assert.DoesNotContain(scene.Destinations, one => one.HasWaiting);
    }

    [Theory]
    [InlineData("502 Bad Gateway", true)]
    [InlineData("503 Service Unavailable", true)]
    [InlineData("504 Gateway Timeout", true)]
    [InlineData("500 Internal Server Error", false)]
    [InlineData("501 Not Implemented", false)]
    [InlineData("505 HTTP Version Not Supported", false)]
    [InlineData("400 Bad Request", false)]
    [InlineData("499 Odd", false)]
    public async Task What_status_is_another_attempt(string status, bool isAgain)
    {
        await using var scene = await FailoverScene.StartAsync(2);
        await using var caller = await scene.SendAsync();
        var (first, _) = await scene.NextAsync();
        await first.AnswerAsync("""{"error":"first"}""", status: status);
        if (isAgain)
        {
            var (second, _) = await scene.NextAsync();
            await second.AnswerAsync(FailoverScene.Answer);
        }

        await caller.HeadAsync();
        Assert.Equal(isAgain ? 200 : int.Parse(status.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture), caller.Status);
        Assert.Equal(isAgain ? FailoverScene.Answer : """{"error":"first"}""", (await caller.EndAsync()).Text);
        await scene.RestAsync();
    }

    [Fact]
    public async Task The_answer_of_the_last_attempt_reaches_the_client_as_it_is()
    {
        await using var scene = await FailoverScene.StartAsync(3);
        await using var caller = await scene.SendAsync();
        await (await scene.NextAsync()).Exchange.AnswerAsync("first", status: "503 Service Unavailable");
        await (await scene.NextAsync()).Exchange.AnswerAsync("""{"error":"second"}""", status: "502 Bad Gateway");
        await caller.HeadAsync();

        // Once: a third destination may be as busy, and each has begun with it.
        Assert.Equal((502, "2", """{"error":"second"}"""), (caller.Status, caller.Header("X-Blaze-Attempts"), (await caller.EndAsync()).Text));
        await scene.RestAsync();
    }

    [Fact]
    public async Task An_error_in_the_shape_of_a_first_event_counts_as_the_status_it_means()
    {
        await using var scene = await FailoverScene.StartAsync(2);
        await using var caller = await scene.SendAsync(FailoverScene.Body(more: "\"stream\":true,"));
        var (first, _) = await scene.NextAsync();
        await first.BeginEventsAsync();
        await first.ChunkAsync("""data: {"error":{"message":"busy","type":"server_error","code":503}}""" + "\n\n");
        await first.EndAsync();
        var (second, _) = await scene.NextAsync();
        await second.BeginEventsAsync();
        await second.ChunkAsync(Scene.Event);
        await second.EndAsync();
        await caller.HeadAsync();
        Assert.Equal((200, Scene.Event), (caller.Status, (await caller.EndAsync()).Text));
        await scene.RestAsync();
    }

    [Fact]
    public async Task Refused_connections_need_no_body_in_memory()
    {
        await using var scene = await FailoverScene.StartAsync(1, new RouteExtensions { Inference = false }, dead: [FailoverScene.Dead(), FailoverScene.Dead()]);
        var body = Encoding.UTF8.GetBytes(new string('y', 100_000));
        for (var i = 0; i < 6; i++)
        {
            await using var caller = await scene.SendAsync(body, "/upload", i % 2 == 0 ? "HTTP/1.1" : "HTTP/2");
            var (exchange, _) = await scene.NextAsync();
            Assert.Equal(body, await exchange.Body);
            await exchange.AnswerAsync("ok");
            await caller.HeadAsync();
            Assert.Equal(200, caller.Status);
            Assert.Equal("ok", (await caller.EndAsync()).Text);
            await scene.RestAsync();
        }

        // Where the turn begins, and whose turn comes next after a dead one, is chance; of six requests at least some met a dead one first.
        Assert.InRange(await scene.Host.SumAsync("blaze_retries_total{cluster=\"llm\",reason=\"not_connected\",result=\"made\"}"), 1, 12);
    }

    [Theory]
    [InlineData(1, 502, "upstream_connect_failed", null)]
    [InlineData(2, 503, "no_healthy_backend", "1")]
    [InlineData(3, 503, "no_healthy_backend", "1")]
    public async Task When_nobody_is_there_the_client_is_told_to_come_again(int destinations, int status, string code, string? retryAfter)
    {
        await using var scene = await FailoverScene.StartAsync(0, dead: [.. Enumerable.Range(0, destinations).Select(_ => FailoverScene.Dead())]);
        await using var caller = await scene.SendAsync();
        await caller.HeadAsync();
        Assert.Equal((status, code, retryAfter), (caller.Status, caller.Header("X-Blaze-Error"), caller.Header("Retry-After")));
        await scene.RestAsync();
    }

    [Fact]
    public async Task When_all_refuse_the_client_is_told_of_the_last()
    {
        await using var scene = await FailoverScene.StartAsync(0, dead: [FailoverScene.Dead(), FailoverScene.Dead(), FailoverScene.Dead(), FailoverScene.Dead()]);
        await using var caller = await scene.SendAsync();
        await caller.HeadAsync();
        Assert.Equal((502, "upstream_connect_failed", "3"), (caller.Status, caller.Header("X-Blaze-Error"), caller.Header("X-Blaze-Attempts")));
        await scene.RestAsync();
        Assert.Equal(3, scene.Host.Records.Last.Attempts);
    }

    [Theory]
    [InlineData("POST", "/plain", true, false)]
    [InlineData("GET", "/plain", false, true)]
    [InlineData("HEAD", "/plain", false, true)]
    [InlineData("DELETE", "/plain", false, false)]
    public async Task Of_other_requests_only_those_that_change_nothing_are_sent_again(string method, string path, bool hasBody, bool isAgain)
    {
        await using var scene = await FailoverScene.StartAsync(2, new RouteExtensions { Inference = false });
        using var http = new HttpClient { BaseAddress = scene.Host.Http1 };
        scene.Counts();
        var sending = http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Content = hasBody ? new StringContent("x") : null });
        (await scene.NextAsync()).Exchange.Reset();
        if (isAgain)
        {
            var (second, _) = await scene.NextAsync();
            await second.AnswerAsync(method == "HEAD" ? "" : "ok");
        }

        using var answer = await sending.Soon();
        Assert.Equal(isAgain ? 200 : 502, (int)answer.StatusCode);
        await scene.RestAsync();
    }

    [Theory]
    [InlineData(Scene.Chat, "", null, true)]
    [InlineData(Scene.Chat, "\"store\":true,", null, false)]
    [InlineData(Scene.Chat, "\"store\":true,", true, true)]
    [InlineData(Scene.Chat, "", false, false)]
    [InlineData("/v1/responses", "", null, false)]
    [InlineData("/v1/responses", "", true, true)]
    public async Task A_request_that_leaves_something_behind_is_sent_again_only_where_the_route_says_so(string path, string more, bool? afterSend, bool isAgain)
    {
        await using var scene = await FailoverScene.StartAsync(2, new RouteExtensions { Inference = true, Retry = new() { AfterSend = afterSend } });
        await using var caller = await scene.SendAsync(Encoding.UTF8.GetBytes($$"""{"model":"m",{{more}}"input":"x","messages":[]}"""), path);
        (await scene.NextAsync()).Exchange.Reset();
        if (isAgain)
        {
            await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        }

        await caller.HeadAsync();
        Assert.Equal(isAgain ? 200 : 502, caller.Status);
        await caller.EndAsync();
        await scene.RestAsync();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(4, 4)]
    [InlineData(10, 5)]
    public async Task A_request_is_sent_to_no_more_destinations_than_the_route_says(int most, int sent)
    {
        await using var scene = await FailoverScene.StartAsync(0, new RouteExtensions { Inference = true, Retry = new() { MaxAttempts = most } }, dead: [.. Enumerable.Range(0, 5).Select(_ => FailoverScene.Dead())]);
        await using var caller = await scene.SendAsync();
        await caller.HeadAsync();
        await scene.RestAsync();
        Assert.Equal(sent, scene.Host.Records.Last.Attempts);
    }

    [Fact]
    public async Task A_client_that_leaves_between_two_attempts_ends_them()
    {
        await using var scene = await FailoverScene.StartAsync(2);
        await using var caller = await scene.SendAsync();
        var (first, _) = await scene.NextAsync();
        await caller.LeaveAsync();
        await first.Closed.Soon();
        await scene.RestAsync();
        Assert.Equal((1, Outcome.ClientCanceled), (scene.Host.Records.Last.Attempts, scene.Host.Records.Last.Outcome));

        await using var next = await scene.SendAsync();
        (await scene.NextAsync()).Exchange.Reset();
        var (second, _) = await scene.NextAsync();
        await next.LeaveAsync();
        await second.Closed.Soon();
        await scene.RestAsync();
        Assert.Equal((2, Outcome.ClientCanceled), (scene.Host.Records.Last.Attempts, scene.Host.Records.Last.Outcome));
    }

    [Fact]
    public async Task The_limit_of_the_whole_request_holds_over_all_attempts_and_that_to_the_first_byte_for_each()
    {
        var limits = new TimeoutOptions { Total = TimeSpan.FromSeconds(30), FirstByte = TimeSpan.FromSeconds(20) };
        await using var scene = await FailoverScene.StartAsync(3, new RouteExtensions { Inference = true, Timeouts = limits });
        await using (var caller = await scene.SendAsync())
        {
            var (first, _) = await scene.NextAsync();
            scene.Host.Time.Advance(TimeSpan.FromSeconds(15));
            first.Reset();
            var (second, _) = await scene.NextAsync();
            scene.Host.Time.Advance(TimeSpan.FromSeconds(14));
            Assert.False(second.Closed.IsCompleted);
            scene.Host.Time.Advance(TimeSpan.FromSeconds(1.1));
            await caller.HeadAsync();
            Assert.Equal((504, "upstream_timeout"), (caller.Status, caller.Header("X-Blaze-Error")));
            await scene.RestAsync();
        }

        // No first byte in time is no reason to have it computed twice.
        await using var slow = await scene.SendAsync();
        await scene.NextAsync();
        scene.Host.Time.Advance(TimeSpan.FromSeconds(20.1));
        await slow.HeadAsync();
        Assert.Equal((504, "upstream_timeout"), (slow.Status, slow.Header("X-Blaze-Error")));
        await scene.RestAsync();
        Assert.Equal(1, scene.Host.Records.Last.Attempts);
    }

    [Fact]
    public async Task YARPs_passive_check_is_told_of_each_attempt_for_itself()
    {
        var told = new Told();
        await using var scene = await FailoverScene.StartAsync(
            2,
            change: cluster => cluster with { HealthCheck = new HealthCheckConfig { Passive = new PassiveHealthCheckConfig { Enabled = true, Policy = told.Name } } },
            proxy: proxy => proxy.Services.AddSingleton<IPassiveHealthCheckPolicy>(told));
        await using var caller = await scene.SendAsync();
        var (first, failed) = await scene.NextAsync();
        first.Reset();
        var (second, other) = await scene.NextAsync();
        await second.AnswerAsync(FailoverScene.Answer);
        await caller.HeadAsync();
        await scene.RestAsync();
        Assert.Equal([$"d{failed}: Request", $"d{other}: "], told.All, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("HashCookie")]
    [InlineData("ArrCookie")]
    [InlineData("Cookie")]
    [InlineData("CustomHeader")]
    public async Task A_client_that_was_bound_to_a_failed_destination_is_bound_to_the_one_that_answers(string policy)
    {
        const string Key = "sticky";
        await using var scene = await FailoverScene.StartAsync(2, change: cluster => cluster with
        {
            SessionAffinity = new SessionAffinityConfig { Enabled = true, Policy = policy, AffinityKeyName = Key },
        });
        var key = await KeyAsync(scene, "", fails: false, policy);
        var (again, other) = (await KeyAsync(scene, key.Sent, fails: false, policy), await KeyAsync(scene, key.Sent, fails: true, policy));
        Assert.Equal((key.Destination, ""), (again.Destination, again.Sent));
        Assert.NotEqual(key.Destination, other.Destination);
        Assert.True(other.Sent.Length > 0);
        Assert.Equal(other.Destination, (await KeyAsync(scene, other.Sent, fails: false, policy)).Destination);
    }

    private static async Task<(int Destination, string Sent)> KeyAsync(FailoverScene scene, string key, bool fails, string policy)
    {
        var header = policy == "CustomHeader" ? "sticky" : "Cookie";
        await using var caller = key.Length == 0 ? await scene.SendAsync() : await scene.SendAsync(headers: (header, key));
        var (exchange, destination) = await scene.NextAsync();
        if (fails)
        {
            exchange.Reset();
            (exchange, destination) = await scene.NextAsync();
        }

        await exchange.AnswerAsync(FailoverScene.Answer);
        await caller.HeadAsync();
        var sent = caller.Header(policy == "CustomHeader" ? "sticky" : "Set-Cookie") ?? "";
        await caller.EndAsync();
        await scene.RestAsync();
        return (destination, sent.Split(';')[0]);
    }

    private sealed class Told : IPassiveHealthCheckPolicy
    {
        public string Name => "Told";

        public List<string> All { get; } = [];

        public void RequestProxied(Microsoft.AspNetCore.Http.HttpContext context, ClusterState cluster, DestinationState destination) =>
            All.Add($"{destination.DestinationId}: {context.Features.Get<IForwarderErrorFeature>()?.Error}");
    }
}
