using System.Net;
using System.Text;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>Requests balanced from code, over real connections.</summary>
public sealed class LoadBalancerTests : IAsyncDisposable
{
    private readonly List<WebApplication> _servers = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_strategy_sends_and_gives_back(string strategy)
    {
        await using var balancer = (await BuilderAsync(Says("0"), Says("1"), Says("2"))).Strategy(strategy).HashBy("header:X-Session", "path").Build();
        var answers = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/x/" + i);
            using var answer = await balancer.RouteAsync(request);
            answers.Add(await answer.Content.ReadAsStringAsync());
            Assert.Equal(0, InFlight(balancer));
        }

        Assert.Equal(3, answers.Distinct(StringComparer.Ordinal).Count());
    }

    public static TheoryData<string> Names => [.. Strategies.All, "leastconnections"];

    [Fact]
    public async Task Path_query_method_headers_and_body_arrive_and_the_answer_comes_back_whole()
    {
        var server = await PlainApp.ServeAsync(_servers, static async http =>
        {
            http.Response.StatusCode = 201;
            http.Response.Headers["X-Seen"] = http.Request.Headers["X-Sent"];
            http.Response.ContentType = "text/plain; charset=utf-8";
            using var reader = new StreamReader(http.Request.Body);
            await http.Response.WriteAsync($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString} {http.Request.Host} {await reader.ReadToEndAsync()}");
        });
        var port = new Uri(server.Urls.Single()).Port;
        await using var balancer = LoadBalancer.Create().Add("one", new Uri($"http://localhost:{port}/base/")).Build();
        foreach (var address in new[] { "/v1/a?b=c%20d", "http://elsewhere.example/v1/a?b=c%20d" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent("body"), Headers = { { "X-Sent", "1" } } };
            using var answer = await balancer.RouteAsync(request);
            Assert.Equal((HttpStatusCode.Created, "1", "text/plain"), (answer.StatusCode, answer.Headers.GetValues("X-Seen").Single(), answer.Content.Headers.ContentType!.MediaType));
            Assert.Equal($"POST /base/v1/a?b=c%20d localhost:{port} body", await answer.Content.ReadAsStringAsync());
            Assert.Equal(port, answer.RequestMessage!.RequestUri!.Port);
        }
    }

    [Theory]
    [InlineData(Strategies.LeastResponseTime)]
    [InlineData(Strategies.Adaptive)]
    public async Task Slow_and_failing_destinations_get_less(string strategy)
    {
        var counts = new int[3];
        await using var balancer = (await BuilderAsync(Counts(0, 1, 200), Counts(1, 60, 200), Counts(2, 0, 503))).Strategy(strategy).Build();
        for (var round = 0; round < 2; round++)
        {
            Array.Clear(counts);
            var left = 160;
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, "/");
                    using var answer = await balancer.RouteAsync(request);
                }
            }));
        }

        Assert.Equal(160, counts.Sum());
        Assert.InRange(counts[0], 120, 160);
        Assert.Equal(0, InFlight(balancer));

        RequestDelegate Counts(int index, int milliseconds, int status) => async http =>
        {
            Interlocked.Increment(ref counts[index]);
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System);
            http.Response.StatusCode = status;
            await http.Response.WriteAsync("x");
        };
    }

    [Fact]
    public async Task A_request_is_in_flight_until_its_answer_is_read_or_disposed()
    {
        var go = new TaskCompletionSource();
        await using var balancer = (await BuilderAsync(async http =>
        {
            await http.Response.WriteAsync("a");
            await http.Response.Body.FlushAsync();
            await go.Task;
        })).Build();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        var dropped = await balancer.RouteAsync(request);
        using var read = await balancer.RouteAsync(request);
        Assert.Equal(2, InFlight(balancer));
        dropped.Dispose();
        dropped.Dispose();
        Assert.Equal(1, InFlight(balancer));
        go.SetResult();
        await using (var stream = await read.Content.ReadAsStreamAsync())
        {
            using var reader = new StreamReader(stream, Encoding.UTF8);
            Assert.Equal("a", await reader.ReadToEndAsync());
        }

        Assert.Equal(0, InFlight(balancer));
    }

    [Fact]
    public async Task Failures_give_back_and_cost_and_what_the_caller_ends_says_nothing()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var closed = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        await using var balancer = LoadBalancer.Create().Add("closed", "127.0.0.1", closed).Build();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        await Assert.ThrowsAsync<HttpRequestException>(() => balancer.RouteAsync(request));
        Assert.Equal(0, InFlight(balancer));
        Assert.InRange(balancer.Loads[0].Times.Of(0).FirstChunk.At(TimeSpan.Zero), 4.9, 60);

        var inside = new TaskCompletionSource();
        await using var patient = (await BuilderAsync(async http =>
        {
            inside.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
        })).Build();
        using var leaving = new CancellationTokenSource();
        using var hopeless = new HttpRequestMessage(HttpMethod.Get, "/");
        var asked = patient.RouteAsync(hopeless, leaving.Token);
        await inside.Task.Soon();
        Assert.Equal(1, InFlight(patient));
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.Equal(0, InFlight(patient));
        Assert.InRange(patient.Loads[0].Times.Of(0).FirstChunk.At(TimeSpan.Zero), 0, 4.9);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_counts_as_a_failure()
    {
        var isRead = new TaskCompletionSource();
        await using var balancer = (await BuilderAsync(async http =>
        {
            await http.Response.WriteAsync("a");
            await http.Response.Body.FlushAsync();
            await isRead.Task;
            http.Abort();
        })).Build();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        using var answer = await balancer.RouteAsync(request);
        var content = await answer.Content.ReadAsStreamAsync();
        Assert.Equal(1, await content.ReadAsync(new byte[10]));
        isRead.SetResult();
        await Assert.ThrowsAnyAsync<IOException>(() => content.ReadExactlyAsync(new byte[1]).AsTask());
        Assert.Equal(0, InFlight(balancer));
        Assert.InRange(balancer.Loads[0].Times.Of(0).FirstChunk.At(TimeSpan.Zero), 4.9, 60);
    }

    [Fact]
    public async Task One_key_stays_on_one_destination()
    {
        await using var balancer = (await BuilderAsync(Says("0"), Says("1"), Says("2"))).Strategy(Strategies.ConsistentHash).HashBy("header:X-Session").Build();
        for (var session = 0; session < 6; session++)
        {
            var answers = new HashSet<string>(StringComparer.Ordinal);
            for (var i = 0; i < 8; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-Session", "s" + session } } };
                using var answer = await balancer.RouteAsync(request);
                answers.Add(await answer.Content.ReadAsStringAsync());
            }

            Assert.Single(answers);
        }
    }

    [Fact]
    public async Task What_is_given_to_send_by_is_used_and_stays_open()
    {
        using var client = new HttpClient();
        var balancer = (await BuilderAsync(Says("0"))).SendBy(client).Build();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        (await balancer.RouteAsync(request)).Dispose();
        await balancer.DisposeAsync();
        await balancer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => balancer.RouteAsync(request));
        Assert.Equal("0", await client.GetStringAsync(_servers[0].Urls.Single()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(65536)]
    public void A_port_that_is_none_is_refused(int port) =>
        Refused($"Port {port} of destination 'a' is none; it must be from 1 to 65535.", () => LoadBalancer.Create().Add("a", "h", port));

    [Theory]
    [InlineData("")]
    [InlineData("http://h")]
    [InlineData("h:80")]
    [InlineData("h/x")]
    [InlineData("a b")]
    public void A_host_that_is_none_is_refused(string host) => Refused(
        $"Host '{host}' of destination 'a' is none; it must be a name or an address alone, such as gpu1.lan or 10.0.0.1, without scheme, port and path.",
        () => LoadBalancer.Create().Add("a", host, 80));

    [Theory]
    [InlineData(-1)]
    [InlineData(257)]
    public void A_weight_that_is_none_is_refused(int weight) =>
        Refused($"Weight {weight} of destination 'a' is none; it must be from 0 to 256.", () => LoadBalancer.Create().Add("a", "h", 80, weight));

    [Fact]
    public void Other_slips_are_named_too()
    {
        Refused("Strategy 'Fastest' is not known; it must be one of RoundRobin,", () => LoadBalancer.Create().Strategy("Fastest"));
        Refused("Destination 'A' is there already, with the address http://h/; each name must be given once.", () => LoadBalancer.Create().Add("a", "h", 80).Add("A", "i", 80));
        Refused("Address 'ftp://h/' of destination 'a' cannot be used;", () => LoadBalancer.Create().Add("a", new Uri("ftp://h/")));
        Refused("Key 'user' is not known; it must be path, or header:NAME", () => LoadBalancer.Create().HashBy("user"));
        Unbuilt("The load balancer has 0 destinations; it must have at least one: call Add(name, host, port) before Build().", LoadBalancer.Create());
        Unbuilt("Every destination of the load balancer has the weight 0", LoadBalancer.Create().Add("a", "h", 80, weight: 0));
        Unbuilt("Strategy ConsistentHash has no key to keep requests together by; call HashBy(\"header:NAME\")", LoadBalancer.Create().Strategy(Strategies.ConsistentHash).Add("a", "h", 80));
    }

    [Fact]
    public async Task What_is_at_the_limit_is_taken()
    {
        await using var balancer = LoadBalancer.Create().Add("a", "h", 1).Add("b", "::1", 65535, 256).Add("c", "[::1]", 80, 0).Build();
        Assert.Equal(3, balancer.Loads.Length);
    }

    private static void Refused(string message, Action act) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(act).Message, StringComparison.Ordinal);

    private static void Unbuilt(string message, LoadBalancerBuilder builder) =>
        Assert.StartsWith(message, Assert.Throws<InvalidOperationException>(builder.Build).Message, StringComparison.Ordinal);

    private static int InFlight(LoadBalancer balancer)
    {
        var sum = 0;
        foreach (var load in balancer.Loads)
        {
            sum += load.InFlight;
        }

        return sum;
    }

    private static RequestDelegate Says(string text) => http => http.Response.WriteAsync(text);

    private async Task<LoadBalancerBuilder> BuilderAsync(params RequestDelegate[] destinations)
    {
        var builder = LoadBalancer.Create();
        foreach (var destination in destinations)
        {
            var server = await PlainApp.ServeAsync(_servers, destination);
            builder.Add("d" + _servers.Count, "127.0.0.1", new Uri(server.Urls.Single()).Port);
        }

        return builder;
    }
}
