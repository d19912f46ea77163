using System.Net;
using System.Security.Cryptography;
using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.RateLimiting;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Requests at once, of a client, a route and a cluster: at, below and above the limit, and given back however a request ends.</summary>
public sealed class LimitStepTests
{
    private const string Chat = """{"model":"m","messages":[]}""";

    private static RouteExtensions Limits(int? perClient = null, int? perEndpoint = null) => new()
    {
        Inference = true,
        Limits = new LimitsOptions { PerClient = new LimitOptions { Concurrent = perClient }, PerEndpoint = new LimitOptions { Concurrent = perEndpoint } },
    };

    private static ClusterExtensions Admission(int? most) => new() { Admission = new AdmissionOptions { MaxInFlight = most, QueueLimit = 0 } };

    private static void TwoClients(GatewayPoliciesOptions options) => options.Clients = new ClientsOptions
    {
        Keys = { ["red"] = new() { KeyHash = HashOf("blaze-red"), Band = PriorityBands.Critical }, ["blue"] = new() { KeyHash = HashOf("blaze-blue") } },
    };

    private static string HashOf(string key) => Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(key)));

    private static async Task<Task<HttpStatusCode>[]> HoldAsync(PipelineHost host, HeldDestination destination, int requests, params string[] headers)
    {
        var held = Enumerable.Range(0, requests).Select(_ => StatusAsync(host, headers)).ToArray();
        await destination.ArrivedAsync(requests);
        return held;
    }

    private static async Task<HttpStatusCode> StatusAsync(PipelineHost host, string[] headers) => (await host.AskAsync("/v1/chat/completions", headers, Chat)).Status;

    [Theory]
    [InlineData("/v1/chat/completions", """{"error":{"message":"This client has 2 requests in flight, the most this route allows one client. Retry when one of them has ended.","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}""")]
    [InlineData("/v1/messages", """{"type":"error","error":{"type":"rate_limit_error","message":"This client has 2 requests in flight, the most this route allows one client. Retry when one of them has ended."}}""")]
    [InlineData("/api/chat", """{"error":"This client has 2 requests in flight, the most this route allows one client. Retry when one of them has ended."}""")]
    public async Task One_request_more_than_a_client_may_have_is_refused_at_once(string path, string body)
    {
        await using var destination = await HeldDestination.StartAsync();
        await using var host = await PipelineHost.StartAsync(destination, Limits(perClient: 2));
        var held = await HoldAsync(host, destination, 2);

        using (var refused = await host.SendAsync(path, body: Chat))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.Equal("rate_limit_exceeded", refused.Headers.GetValues("X-Blaze-Error").Single());
            Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
            Assert.Equal(body, await refused.Content.ReadAsStringAsync());
        }

        destination.Open();
        Assert.All(await Task.WhenAll(held), status => Assert.Equal(HttpStatusCode.OK, status));
        await host.FreeAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, []));
        await host.FreeAsync();
        Assert.Equal(3, destination.Seen.Count);
        var record = Assert.Single(host.Records, record => record.ErrorCode is not null);
        Assert.Equal((Outcome.RateLimited, null, 0), (record.Outcome, record.Cluster, record.Attempts));
        var metrics = await host.MetricsAsync();
        Assert.Contains("""blaze_ratelimit_decisions_total{route="all",limit="client_concurrent",decision="allowed"} 3""", metrics, StringComparison.Ordinal);
        Assert.Contains("""blaze_ratelimit_decisions_total{route="all",limit="client_concurrent",decision="rejected"} 1""", metrics, StringComparison.Ordinal);
        Assert.Contains("blaze_ratelimit_partitions 1", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_client_uploads_slowly_counts_before_its_body_is_read()
    {
        await using var destination = await HeldDestination.StartAsync();
        destination.Open();
        await using var host = await PipelineHost.StartAsync(destination, Limits(perClient: 1));
        using var uploading = new CancellationTokenSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var slow = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new HalfContent(begun, uploading.Token) };
        var upload = host.Http.SendAsync(slow, uploading.Token);
        await begun.Task;
        await PipelineHost.UntilAsync(() => host.Permits.Taken == 1);
        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limit_exceeded"), await host.AskAsync("/v1/chat/completions", body: Chat));
        await uploading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => upload);
        await host.FreeAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, []));
    }

    [Fact]
    public async Task One_client_does_not_use_up_what_another_may_have()
    {
        await using var destination = await HeldDestination.StartAsync();
        await using var host = await PipelineHost.StartAsync(destination, Limits(perClient: 1), configure: TwoClients);
        var held = await HoldAsync(host, destination, 1, "x-api-key: blaze-red");

        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(host, ["Authorization: Bearer blaze-red"]));
        var others = await HoldAsync(host, destination, 1, "x-api-key: blaze-blue");
        var address = await HoldAsync(host, destination, 1);
        Assert.Equal(3, host.Permits.Taken);

        destination.Open();
        Assert.All(await Task.WhenAll([.. held, .. others, .. address]), status => Assert.Equal(HttpStatusCode.OK, status));
        await host.FreeAsync();
    }

    [Fact]
    public async Task A_request_that_one_limit_refuses_takes_nothing_of_the_others()
    {
        await using var destination = await HeldDestination.StartAsync();
        await using var host = await PipelineHost.StartAsync(destination, Limits(perClient: 5, perEndpoint: 1), configure: TwoClients);
        var held = await HoldAsync(host, destination, 1, "x-api-key: blaze-red");
        Assert.Equal(2, host.Permits.Taken);

        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limit_exceeded"), await host.AskAsync("/v1/chat/completions", ["x-api-key: blaze-blue"], Chat));
        await PipelineHost.UntilAsync(() => host.Permits.Taken == 2);
        Assert.Equal(1, host.Permits.TakenIn(new PartitionKey(PartitionKey.ScopeOf("route", "all"), PartitionKey.Everybody)));

        destination.Open();
        await Task.WhenAll(held);
        await host.FreeAsync();
        Assert.Contains(
            """blaze_ratelimit_decisions_total{route="all",limit="endpoint_concurrent",decision="rejected"} 1""", await host.MetricsAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"error":{"message":"The service is overloaded. Retry after the time given.","type":"server_error","param":null,"code":"overloaded"}}""")]
    [InlineData("/v1/messages", """{"type":"error","error":{"type":"overloaded_error","message":"The service is overloaded. Retry after the time given."}}""")]
    public async Task One_request_more_than_a_cluster_takes_is_shed_at_once_whatever_its_route(string path, string body)
    {
        await using var destination = await HeldDestination.StartAsync();
        await using var host = await PipelineHost.StartAsync(
            [PipelineHost.Route("one", "/v1/{**rest}", new RouteExtensions { Inference = true }), PipelineHost.Route("two", "/two/{**rest}")],
            [PipelineHost.Cluster(destination, Admission(2))],
            TwoClients);
        var held = await HoldAsync(host, destination, 1);
        var other = host.AskAsync("/two/x");
        await destination.ArrivedAsync(1);

        using (var shed = await host.SendAsync(path, ["x-api-key: blaze-red", "x-gateway-inference-objective: batch"], body: Chat))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, shed.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), shed.Headers.RetryAfter!.Delta);
            Assert.Equal(body, await shed.Content.ReadAsStringAsync());
        }

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "overloaded"), await host.AskAsync("/two/x", ["x-api-key: blaze-red"]));
        destination.Open();
        Assert.Equal(HttpStatusCode.OK, (await other).Status);
        Assert.Equal(HttpStatusCode.OK, (await Task.WhenAll(held))[0]);
        await host.FreeAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.AskAsync("/two/x")).Status);
        var metrics = await host.MetricsAsync();
        Assert.Contains("""blaze_admission_shed_total{cluster="llm",band="batch",reason="full"} 1""", metrics, StringComparison.Ordinal);
        Assert.Contains("""blaze_admission_shed_total{cluster="llm",band="critical",reason="full"} 1""", metrics, StringComparison.Ordinal);
        Assert.All(host.Records.Where(record => record.ErrorCode is not null), record => Assert.Equal((Outcome.NoBackend, "llm"), (record.Outcome, record.Cluster)));
    }

    /// <summary>However a request ends, everything it held is free again, and was held until then.</summary>
    [Theory]
    [InlineData("answered", HttpStatusCode.OK)]
    [InlineData("destination breaks", HttpStatusCode.BadGateway)]
    [InlineData("client leaves", null)]
    [InlineData("first byte late", HttpStatusCode.GatewayTimeout)]
    [InlineData("body too large", HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("no destination", HttpStatusCode.ServiceUnavailable)]
    public async Task What_a_request_held_is_free_when_it_ends(string how, HttpStatusCode? expected)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var destination = await HeldDestination.StartAsync();
        var route = Limits(perClient: 1, perEndpoint: 1) with
        {
            Timeouts = new TimeoutOptions { FirstByte = TimeSpan.FromSeconds(30) },
            RequestBody = new RequestBodyOptions { MaxBytes = 1024 },
        };
        var cluster = Admission(1);
        await using var host = await PipelineHost.StartAsync(destination, route, cluster, time: time);
        if (how == "no destination")
        {
            await host.ReloadAsync(
                [PipelineHost.Route("all", "/{**rest}", route)],
                [PipelineHost.Cluster(destination, cluster) with { Destinations = new Dictionary<string, Yarp.ReverseProxy.Configuration.DestinationConfig>(StringComparer.Ordinal) }]);
        }

        using var leave = new CancellationTokenSource();
        destination.Breaks = how == "destination breaks";
        var body = how == "body too large" ? Chat + new string(' ', 2000) : Chat;
        var asking = host.SendAsync("/v1/chat/completions", body: body, cancellationToken: leave.Token);
        if (how is not ("body too large" or "no destination"))
        {
            await destination.ArrivedAsync(1);
            Assert.Equal(3, host.Permits.Taken);
        }

        switch (how)
        {
            case "client leaves":
                await leave.CancelAsync();
                break;
            case "first byte late":
                time.Advance(TimeSpan.FromSeconds(31));
                break;
            default:
                destination.Open();
                break;
        }

        if (expected is null)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        }
        else
        {
            using var response = await asking;
            Assert.Equal(expected, response.StatusCode);
        }

        await host.FreeAsync();
        await PipelineHost.UntilAsync(() => !host.Records.IsEmpty);
        Assert.Single(host.Records);
        if (how == "no destination")
        {
            return;
        }

        destination.Breaks = false;
        destination.Open();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, []));
        await host.FreeAsync();
    }

    /// <summary>Two requests are in flight under one configuration and counted under the next.</summary>
    [Theory]
    [InlineData(2, 3, 1)]
    [InlineData(2, 2, 0)]
    [InlineData(2, 1, 0)]
    [InlineData(2, null, 5)]
    [InlineData(null, 2, 2)]
    public async Task A_reload_counts_on_what_is_in_flight(int? before, int? after, int more)
    {
        await using var destination = await HeldDestination.StartAsync();
        await using var host = await PipelineHost.StartAsync(destination, Limits(before, before), Admission(before));
        var held = await HoldAsync(host, destination, 2);

        await host.ReloadAsync([PipelineHost.Route("all", "/{**rest}", Limits(after, after))], [PipelineHost.Cluster(destination, Admission(after))]);

        var further = await HoldAsync(host, destination, more);
        if (after is not null)
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(host, []));
        }

        destination.Open();
        Assert.All(await Task.WhenAll([.. held, .. further]), status => Assert.Equal(HttpStatusCode.OK, status));
        await host.FreeAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, []));
        await host.FreeAsync();
    }

    [Fact]
    public async Task A_lowered_limit_admits_again_only_when_enough_have_ended()
    {
        await using var destination = await HeldDestination.StartAsync();
        await using var host = await PipelineHost.StartAsync(destination, cluster: Admission(2));
        var first = host.AskAsync("/a");
        await destination.ArrivedAsync(1);
        using var leave = new CancellationTokenSource();
        var second = host.SendAsync("/b", cancellationToken: leave.Token);
        await destination.ArrivedAsync(1);
        await host.ReloadAsync([PipelineHost.Route("all", "/{**rest}")], [PipelineHost.Cluster(destination, Admission(1))]);

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await PipelineHost.UntilAsync(() => host.Permits.Taken == 1);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "overloaded"), await host.AskAsync("/c"));

        destination.Open();
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
        await host.FreeAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.AskAsync("/d")).Status);
        await host.FreeAsync();
    }

    [Fact]
    public async Task What_is_not_configured_is_not_in_the_plan()
    {
        await using var destination = await HeldDestination.StartAsync();
        await using var host = await PipelineHost.StartAsync(destination);

        Assert.True(host.State.TryGetRoute("all", out var route));
        Assert.True(host.State.TryGetCluster("llm", out var cluster));
        Assert.Null(host.Plans.For(route).Limits);
        Assert.Null(host.Plans.For(cluster).Admission);
        destination.Open();
        await host.AskAsync("/x");
        Assert.Equal(0, host.Permits.Count);
    }

    [Fact]
    public async Task A_crowd_that_comes_and_leaves_leaves_nothing_taken()
    {
        const int Limit = 4;
        await using var destination = await HeldDestination.StartAsync();
        destination.Open();
        await using var host = await PipelineHost.StartAsync(destination, Limits(perClient: Limit, perEndpoint: Limit), Admission(Limit));
        var statuses = new int[600];

        await Parallel.ForAsync(0, 12, async (worker, cancellation) =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 50; i++)
            {
                using var leave = new CancellationTokenSource();
                var asking = host.SendAsync("/v1/chat/completions", body: Chat, cancellationToken: leave.Token);
                if (random.Next(5) == 0)
                {
                    await leave.CancelAsync();
                }

                try
                {
                    using var response = await asking;
                    Interlocked.Increment(ref statuses[(int)response.StatusCode]);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref statuses[499]);
                }
            }
        });

        await host.FreeAsync();
        Assert.Equal(600, statuses[200] + statuses[429] + statuses[499] + statuses[503]);
        Assert.True(statuses[200] > 0 && statuses[499] > 0, $"{statuses[200]} answered, {statuses[429]} refused, {statuses[499]} left");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, []));
    }

    /// <summary>A body that begins and does not go on.</summary>
    private sealed class HalfContent(TaskCompletionSource begun, CancellationToken end) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("{\"model\":"u8.ToArray(), CancellationToken.None);
            await stream.FlushAsync(CancellationToken.None);
            begun.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = -1;
            return false;
        }
    }
}
