using System.Net;
using System.Net.Sockets;
using System.Text;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What must not be sent again, and whose answer must not be thrown away.</summary>
public sealed class FailoverEdgeTests
{
    [Fact]
    public async Task An_upload_is_not_repeated_when_tls_failed_for_it_may_have_been_read()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var asked = 0;
        var answering = AnswerAsync();
        await using var scene = await FailoverScene.StartAsync(1, new RouteExtensions { Inference = false }, dead: [$"https://{listener.LocalEndpoint}/"]);
        while (Volatile.Read(ref asked) == 0)
        {
            await using var caller = await scene.SendAsync(Encoding.UTF8.GetBytes("0123456789"), "/upload");
            await Waiting.UntilAsync(() => scene.Destinations[0].HasWaiting || Volatile.Read(ref asked) > 0, () => "nobody was asked");
            if (Volatile.Read(ref asked) == 0)
            {
                await (await scene.NextAsync()).Exchange.AnswerAsync("ok");
            }

            await caller.HeadAsync();
            Assert.Equal((asked > 0 ? "upstream_tls_failed" : null, null), (caller.Header("X-Blaze-Error"), caller.Header("X-Blaze-Attempts")));
        }

        Assert.False(scene.Destinations[0].HasWaiting);
        listener.Stop();
        await answering;

        async Task AnswerAsync()
        {
            try
            {
                var room = new byte[4096];
                while (true)
                {
                    using var connection = await listener.AcceptTcpClientAsync();
                    Interlocked.Increment(ref asked);
                    _ = await connection.Client.ReceiveAsync(room);
                    await connection.GetStream().WriteAsync("this is no TLS at all\r\n"u8.ToArray());
                    _ = await connection.Client.ReceiveAsync(room);
                }
            }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException or IOException)
            {
                // The test is over.
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_does_not_come_about_in_time_is_one_that_was_refused_for_requests_of_any_kind(bool isUpload)
    {
        using var stuck = new StuckListener();
        await using var scene = await FailoverScene.StartAsync(1, new RouteExtensions(), dead: [stuck.Address]);
        var attempts = 1;
        for (var i = 0; i < 4 && attempts == 1; i++)
        {
            await using var caller = (Http1Caller)await scene.Host.CallAsync("HTTP/1.1");
            scene.Counts();
            await (isUpload ? caller.SendAsync("/upload", new byte[100_000]) : caller.RawAsync("GET / HTTP/1.1\r\nHost: gateway\r\n\r\n"u8.ToArray()));
            await (await scene.NextAsync()).Exchange.AnswerAsync("ok");
            await caller.HeadAsync();
            Assert.Equal((200, "ok"), (caller.Status, (await caller.EndAsync()).Text));
            attempts = int.Parse(caller.Header("X-Blaze-Attempts") ?? "1", System.Globalization.CultureInfo.InvariantCulture);
        }

        Assert.Equal(2, attempts);
        await scene.RestAsync();
    }

    [Fact]
    public async Task A_limit_told_by_one_that_is_never_left_alone_is_passed_on()
    {
        await using var small = new ScriptedDestination();
        await using var big = new ScriptedDestination();
        var route = new RouteExtensions
        {
            Inference = true,
            Models = new(StringComparer.Ordinal) { ["m"] = new() { Cluster = "big", Fallback = ["small"] }, ["small"] = new() { Cluster = "small" } },
        };
        await using var host = await WireHost.StartAsync(
            [WireHost.Route("all", route, "big")],
            [ExtensionsCarrier.Attach(WireHost.Cluster("big", big.Address), FailoverScene.Calm), ExtensionsCarrier.Attach(WireHost.Cluster("small", small.Address), FailoverScene.Calm)]);
        await using var caller = await host.CallAsync("HTTP/1.1");
        await caller.SendAsync(Scene.Chat, FailoverScene.Body());
        await LimitAsync(await big.NextAsync(), 2);
        await LimitAsync(await small.NextAsync(), 3);
        await caller.HeadAsync();
        Assert.Equal((429, "3"), (caller.Status, caller.Header("Retry-After")));
        await caller.EndAsync();
        await host.RestAsync(1);
    }

    [Fact]
    public async Task A_server_that_answers_no_http_is_not_broken_by_the_request()
    {
        await using var scene = await FailoverScene.StartAsync(3);
        await using var caller = await scene.SendAsync();
        for (var i = 0; i < 2; i++)
        {
            var (exchange, _) = await scene.NextAsync();
            await exchange.SendAsync("NOT HTTP AT ALL\r\n\r\n");
            exchange.Finish();
        }

        await caller.HeadAsync();
        Assert.Equal((502, "upstream_protocol_error"), (caller.Status, caller.Header("X-Blaze-Error")));
        await scene.RestAsync();
    }

    [Fact]
    public async Task An_answer_is_not_thrown_away_for_one_that_takes_no_requests()
    {
        var cluster = FailoverScene.Calm with { Weights = new(StringComparer.OrdinalIgnoreCase) { ["d1"] = 0 } };
        await using var scene = await FailoverScene.StartAsync(2, cluster: cluster);
        var drained = scene.Host.Get<AvailabilityRegistry>().Of(scene.Host.Cluster("llm").Destinations["d1"]);
        drained.Take(new AvailabilityEvent(AvailabilityInput.ProbeSucceeded));
        drained.Take(new AvailabilityEvent(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeRefused) { IsConclusive = true, IsHard = true });
        drained.Take(new AvailabilityEvent(AvailabilityInput.ProbeSucceeded));
        Assert.Equal("half-open", drained.Word.State.Name());
        await using var caller = await scene.SendAsync();
        await (await scene.NextAsync()).Exchange.SendAsync("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy");
        await caller.HeadAsync();
        Assert.Equal((503, "7", "busy"), (caller.Status, caller.Header("Retry-After"), (await caller.EndAsync()).Text));
        await scene.RestAsync();
    }

    [Fact]
    public async Task A_destination_that_moved_between_two_attempts_gets_the_credential_of_its_new_place()
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: Keyed("old"));
        await using var moved = new ScriptedDestination();
        await using var caller = await scene.SendAsync();
        var (first, failed) = await scene.NextAsync();
        var addresses = scene.Destinations.Select((one, i) => i == failed ? one.Address : moved.Address).ToArray();
        scene.Host.Update(
            [WireHost.Route("all", new RouteExtensions { Inference = true })],
            [ExtensionsCarrier.Attach(WireHost.Cluster("llm", addresses) with { LoadBalancingPolicy = "RoundRobin" }, Keyed("new"))]);
        await Waiting.UntilAsync(
            () => scene.Host.Cluster("llm") is var state && ExtensionsCarrier.Read(state.Model.Config).Credentials["*"].Value == "Bearer new"
                && state.Destinations[$"d{1 - failed}"].Model.Config.Address == moved.Address,
            () => "the configuration was not taken");
        first.Reset();
        var second = await moved.NextAsync();
        Assert.Contains("Authorization: Bearer new", second.Head, StringComparison.OrdinalIgnoreCase);
        await second.AnswerAsync(FailoverScene.Answer);
        await caller.HeadAsync();
        Assert.Equal((200, "2"), (caller.Status, caller.Header("X-Blaze-Attempts")));
        await caller.EndAsync();
        await scene.RestAsync();
    }

    [Fact]
    public async Task A_destination_that_moved_while_a_request_waited_gets_the_credential_of_its_new_place()
    {
        static ClusterExtensions Narrow(string key) => Keyed(key) with { Admission = new() { MaxInFlight = 1 } };
        await using var scene = await FailoverScene.StartAsync(1, cluster: Narrow("old"));
        await using var moved = new ScriptedDestination();
        await using var first = await scene.SendAsync();
        var (exchange, _) = await scene.NextAsync();
        await using var second = await scene.SendAsync();
        await Waiting.UntilAsync(() => scene.Host.Get<Admissions>().Waiting == 1, () => "nobody waits");
        scene.Host.Update(
            [WireHost.Route("all", new RouteExtensions { Inference = true })],
            [ExtensionsCarrier.Attach(WireHost.Cluster("llm", moved.Address) with { LoadBalancingPolicy = "RoundRobin" }, Narrow("new"))]);
        await Waiting.UntilAsync(
            () => scene.Host.Cluster("llm") is var state && ExtensionsCarrier.Read(state.Model.Config).Credentials["*"].Value == "Bearer new"
                && state.Destinations["d0"].Model.Config.Address == moved.Address,
            () => "the configuration was not taken");
        await exchange.AnswerAsync(FailoverScene.Answer);
        await first.HeadAsync();
        await first.EndAsync();
        var next = await moved.NextAsync();
        Assert.Contains("Authorization: Bearer new", next.Head, StringComparison.OrdinalIgnoreCase);
        await next.AnswerAsync(FailoverScene.Answer);
        await second.HeadAsync();
        Assert.Equal(200, second.Status);
        await second.EndAsync();
        await scene.RestAsync();
    }

    [Fact]
    public async Task Who_waits_is_not_sent_away_when_the_other_takes_no_requests()
    {
        var cluster = FailoverScene.Calm with { Health = new() { Probe = false }, Weights = new(StringComparer.OrdinalIgnoreCase) { ["d1"] = 0 } };
        await using var scene = await FailoverScene.StartAsync(2, cluster: cluster);
        await using var caller = await scene.SendAsync();
        var (exchange, silent) = await scene.NextAsync();
        Assert.Equal(0, silent);
        var availability = scene.Host.Get<AvailabilityRegistry>().Of(scene.Host.Cluster("llm").Destinations["d0"]);
        availability.Take(new AvailabilityEvent(AvailabilityInput.ProbeSucceeded));
        availability.Take(new AvailabilityEvent(AvailabilityInput.ProbeFailed, AvailabilityReason.ProbeSilent) { IsConclusive = true, IsHard = true });
        Assert.True(availability.IsGone);
        scene.Host.Time.Advance(DeadlineSweep.Period);
        await exchange.AnswerAsync(FailoverScene.Answer);
        await caller.HeadAsync();
        Assert.Equal(200, caller.Status);
        await caller.EndAsync();
        await scene.RestAsync();
    }

    private static ClusterExtensions Keyed(string key) => FailoverScene.Calm with
    {
        Credentials = new(StringComparer.OrdinalIgnoreCase) { ["*"] = new() { Value = "Bearer " + key } },
    };

    private static Task LimitAsync(Exchange exchange, int seconds) =>
        exchange.SendAsync($"HTTP/1.1 429 Too Many Requests\r\nRetry-After: {seconds}\r\nContent-Length: 4\r\n\r\nbusy");
}
