using System.Net;
using BlazeGateway.Demo.ModelServer;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>What counts against a destination and what does not, through the whole gateway.</summary>
public sealed class VerdictTests
{
    private const string NotProbed = """{ "ModelServer": { "Kind": "vllm", "Models": [ "demo-small" ] }, "Health": { "Probe": false } }""";

    [Theory]
    [InlineData("status=500", Destinations.Chat)]
    [InlineData("status=503", Destinations.Stream)]
    [InlineData("rst=head", Destinations.Chat)]
    [InlineData("fin=head", Destinations.Stream)]
    [InlineData("rst=after:2", Destinations.Stream)]
    [InlineData("fin=mid:2", Destinations.Stream)]
    [InlineData("fin=bytes:40", Destinations.Chat)]
    [InlineData("error=after:0", Destinations.Stream)]
    [InlineData("error=after:2", Destinations.Stream)]
    public async Task Two_failures_in_a_row_eject(string fault, string body)
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address, other.Address], cluster: NotProbed));
        var destinations = new Destinations(gateway);
        server.SetFault(fault + ";path=/v1/chat");
        await SendAsync(destinations, body, 2);
        Assert.Equal(("suspect", "up"), (destinations.StateOf("d0"), destinations.StateOf("d1")));
        await SendAsync(destinations, body, 2);
        Assert.Equal(("ejected", "up"), (destinations.StateOf("d0"), destinations.StateOf("d1")));
    }

    [Theory]
    [InlineData("status=400", Destinations.Chat)]
    [InlineData("status=404", Destinations.Chat)]
    [InlineData("status=429;retry-after=5", Destinations.Stream)]
    [InlineData("status=501", Destinations.Chat)]
    public async Task Answers_that_are_not_its_fault_change_nothing(string fault, string body)
    {
        await using var server = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address], cluster: NotProbed));
        var destinations = new Destinations(gateway);
        server.SetFault(fault + ";path=/v1/chat");
        await SendAsync(destinations, body, 5);
        Assert.Equal(("up", 0), (destinations.StateOf("d0"), destinations.Facts("d0").Failures));
    }

    [Fact]
    public async Task An_upload_that_a_client_draws_out_until_the_limit_says_nothing_of_the_destination()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address, other.Address], """{ "Timeouts": { "Total": "00:00:00.300" } }""", "{}"));
        var destinations = new Destinations(gateway);
        for (var i = 0; i < 4; i++)
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, gateway.Host.Listeners.ProxyAddresses[0].Port);
            var stream = client.GetStream();
            await stream.WriteAsync("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nslow"u8.ToArray());
            Assert.StartsWith("HTTP/1.1 504", await new StreamReader(stream).ReadLineAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(("up", "up"), (destinations.StateOf("d0"), destinations.StateOf("d1")));
        Assert.Equal((0, 0), (destinations.Facts("d0").Failures, destinations.Facts("d1").Failures));
    }

    [Fact]
    public async Task A_request_without_a_body_that_gets_no_answer_counts()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address, other.Address], """{ "Timeouts": { "Total": "00:00:00.300" } }""", "{}"));
        var destinations = new Destinations(gateway);
        server.SetFault("hang=head;path=/v1/models");
        for (var i = 0; i < 4; i++)
        {
            using var answer = await gateway.Proxy.GetAsync("/v1/models");
        }

        Assert.Equal(("ejected", "up"), (destinations.StateOf("d0"), destinations.StateOf("d1")));
    }

    [Fact]
    public async Task Failures_count_on_routes_that_know_nothing_of_models()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address, other.Address], cluster: "{}"));
        var destinations = new Destinations(gateway);
        server.SetFault("status=500;path=/v1/chat");
        await SendAsync(destinations, Destinations.Chat, 4);
        Assert.Equal("ejected", destinations.StateOf("d0"));
        Assert.False(destinations.Word("d0").IsSlow);
    }

    [Fact]
    public async Task No_first_byte_in_time_counts_and_a_client_that_leaves_does_not()
    {
        var time = new FakeTimeProvider();
        await using var server = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address], cluster: NotProbed), time);
        var destinations = new Destinations(gateway);
        server.SetFault("hang=head;path=/v1/chat");
        for (var i = 0; i < 3; i++)
        {
            using var leaving = new CancellationTokenSource();
            var gone = destinations.SendAsync(cancellationToken: leaving.Token);
            await Eventually.TrueAsync(() => server.Stats.InFlight == 1);
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
            await Eventually.TrueAsync(() => server.Stats.InFlight == 0);
            await destinations.RestAsync();
        }

        Assert.Equal("up", destinations.StateOf("d0"));
        var waiting = destinations.SendAsync();
        await Eventually.TrueAsync(() => server.Stats.InFlight == 1);
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(31));
            return waiting.IsCompleted;
        });
        using var answer = await waiting;
        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
        Assert.Equal("suspect", destinations.StateOf("d0"));
    }

    [Fact]
    public async Task What_the_gateway_refuses_says_nothing_of_a_destination()
    {
        await using var server = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address], cluster: NotProbed));
        var destinations = new Destinations(gateway);
        foreach (var body in new[] { "{", "[]", """{"model":1}""" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, await destinations.StatusAsync(body));
        }

        Assert.Equal("up", destinations.StateOf("d0"));
    }

    [Fact]
    public async Task A_sticky_client_stays_and_moves_only_when_its_destination_is_ejected()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        var routes = GatewayFixture.Routes([server.Address, other.Address], """{ "Response": { "DestinationHeader": true } }""", NotProbed)
            .Replace("\"Destinations\":", "\"SessionAffinity\": { \"Enabled\": true, \"Policy\": \"HashCookie\", \"AffinityKeyName\": \"stick\" }, \"Destinations\":", StringComparison.Ordinal);
        await using var gateway = await GatewayFixture.StartAsync(routes);
        var destinations = new Destinations(gateway);
        using var first = await destinations.SendAsync();
        var home = first.Headers.GetValues("X-Blaze-Destination").Single();
        gateway.Proxy.DefaultRequestHeaders.Add("Cookie", first.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        for (var i = 0; i < 6; i++)
        {
            using var next = await destinations.SendAsync();
            Assert.Equal(home, next.Headers.GetValues("X-Blaze-Destination").Single());
        }

        (home == "d0" ? server : other).SetFault("status=500;path=/v1/chat");
        await SendAsync(destinations, Destinations.Chat, 2);
        Assert.Equal("ejected", destinations.StateOf(home));
        using var moved = await destinations.SendAsync();
        Assert.Equal((HttpStatusCode.OK, true), (moved.StatusCode, moved.Headers.GetValues("X-Blaze-Destination").Single() != home));
    }

    [Fact]
    public async Task A_sticky_client_is_sent_to_another_destination_for_a_model_its_own_does_not_serve()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, Models = ["demo-small"] });
        await using var other = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, Models = ["demo-large"] });
        var routes = GatewayFixture.Routes([server.Address, other.Address], """{ "Response": { "DestinationHeader": true } }""")
            .Replace("\"Destinations\":", "\"SessionAffinity\": { \"Enabled\": true, \"Policy\": \"HashCookie\", \"AffinityKeyName\": \"stick\" }, \"Destinations\":", StringComparison.Ordinal);
        await using var gateway = await GatewayFixture.StartAsync(routes);
        await gateway.Proxy.GetStringAsync("/v1/models");
        var destinations = new Destinations(gateway);
        using var first = await destinations.SendAsync();
        Assert.Equal("d0", first.Headers.GetValues("X-Blaze-Destination").Single());
        gateway.Proxy.DefaultRequestHeaders.Add("Cookie", first.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        using var large = await destinations.SendAsync(Destinations.Chat.Replace("demo-small", "demo-large", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.OK, "d1"), (large.StatusCode, large.Headers.GetValues("X-Blaze-Destination").Single()));
        using var small = await destinations.SendAsync();
        Assert.Equal("d0", small.Headers.GetValues("X-Blaze-Destination").Single());
    }

    private static Task<ModelServerHost> StartAsync() => ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });

    private static async Task SendAsync(Destinations destinations, string body, int times)
    {
        for (var i = 0; i < times; i++)
        {
            try
            {
                using var answer = await destinations.SendAsync(body);
                await answer.Content.ReadAsByteArrayAsync();
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                // An answer that broke off, which is what the test wants.
            }

            await destinations.RestAsync();
        }
    }
}
