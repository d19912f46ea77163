using System.Net.Sockets;
using System.Text;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Connections;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;
using Yarp.ReverseProxy.Transforms;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What happens on the way and is not a destination's fault is not held against it, and whatever goes wrong in judging leaves nothing behind.</summary>
public sealed class BlameTests
{
    private static readonly ClusterExtensions NotProbed = new() { ModelServer = new ModelServerOptions { Kind = "vllm" }, Health = new HealthOptions { Probe = false } };

    [Fact]
    public async Task A_tunnel_that_is_silent_for_too_long_is_closed_and_nobody_is_to_blame()
    {
        await using var destination = new ScriptedDestination();
        var cluster = WireHost.Cluster("llm", destination.Address) with { HttpRequest = new ForwarderRequestConfig { ActivityTimeout = TimeSpan.FromMilliseconds(200) } };
        await using var host = await WireHost.StartAsync([WireHost.Route("ws", new RouteExtensions())], [cluster]);
        for (var sent = 1; sent <= 3; sent++)
        {
            await using var caller = (Http1Caller)await host.CallAsync("HTTP/1.1");
            await caller.RawAsync("GET /ws HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"u8.ToArray());
            var exchange = await destination.NextAsync();
            await exchange.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n");
            await caller.HeadAsync();
            await exchange.Closed.Soon();
            await host.RestAsync(sent);
            Assert.Equal("upstream_stall", host.Records.Last.ErrorCode);
        }

        AssertBlameless(host);
    }

    /// <summary>Of both nothing is seen after their heads, so that their silence tells nothing of the destination; until then it does.</summary>
    [Fact]
    public async Task Tunnels_and_plain_answers_are_watched_until_their_heads_came()
    {
        await using var destination = new ScriptedDestination();
        await using var host = await WireHost.StartAsync([WireHost.Route("all", new RouteExtensions())], [WireHost.Cluster("llm", destination.Address)]);
        var load = host.Get<AvailabilityRegistry>().Of(host.Cluster("llm").DestinationsState.AllDestinations[0]).Load;
        await using var tunnel = (Http1Caller)await host.CallAsync("HTTP/1.1");
        await tunnel.RawAsync("GET /ws HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"u8.ToArray());
        var first = await destination.NextAsync();
        Assert.Equal((1, 1), (load.InFlight, load.Watched));
        await first.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n");
        await tunnel.HeadAsync();
        Assert.Equal((1, 0), (load.InFlight, load.Watched));

        await using var plain = await host.CallAsync("HTTP/1.1");
        await plain.SendAsync("/any", []);
        var second = await destination.NextAsync();
        Assert.Equal((2, 1), (load.InFlight, load.Watched));
        await second.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nH");
        await plain.HeadAsync();
        Assert.Equal((2, 0), (load.InFlight, load.Watched));
        await second.SendAsync("i");
        await plain.EndAsync();
        await tunnel.LeaveAsync();
        await host.RestAsync(2);
        Assert.Equal((0, 0), (load.InFlight, load.Watched));
    }

    [Fact]
    public async Task An_answer_that_a_transform_gives_says_nothing_of_the_destination()
    {
        await using var destination = new ScriptedDestination();
        await using var host = await WireHost.StartAsync([WireHost.Route("all", new RouteExtensions())], [WireHost.Cluster("llm", destination.Address)], proxy => proxy.AddTransforms(
            transforms => transforms.AddRequestTransform(transform =>
            {
                transform.HttpContext.Response.StatusCode = 503;
                return default;
            })));
        for (var sent = 1; sent <= 3; sent++)
        {
            await using var caller = await host.CallAsync("HTTP/1.1");
            await caller.SendAsync("/any", []);
            await caller.HeadAsync();
            Assert.Equal(503, caller.Status);
            await host.RestAsync(sent);
        }

        AssertBlameless(host);
        Assert.Equal(0, destination.Connections);
    }

    [Theory]
    [InlineData(SocketError.TooManyOpenSockets)]
    [InlineData(SocketError.NoBufferSpaceAvailable)]
    [InlineData(SocketError.AddressNotAvailable)]
    public async Task A_process_without_sockets_is_overloaded_and_its_destinations_are_not_to_blame(SocketError lack)
    {
        await using var destination = new ScriptedDestination();
        await using var host = await WireHost.StartAsync(
            [WireHost.Route("all", new RouteExtensions())],
            [WireHost.Cluster("llm", destination.Address)],
            proxy => proxy.Services.AddSingleton(new DestinationSockets(10, () => throw new SocketException((int)lack))));
        for (var sent = 1; sent <= 3; sent++)
        {
            await using var caller = await host.CallAsync("HTTP/1.1");
            await caller.SendAsync("/any", []);
            await caller.HeadAsync();
            Assert.Equal((503, "overloaded"), (caller.Status, caller.Header("X-Blaze-Error")));
            await host.RestAsync(sent);
        }

        AssertBlameless(host);
        Assert.Equal(0, host.Get<DestinationSockets>().Open);
    }

    [Fact]
    public async Task A_destination_with_which_no_handshake_succeeds_is_to_blame()
    {
        await using var destination = await HeldDestination.StartAsync();
        await using var host = await WireHost.StartAsync(
            [WireHost.Route("all", new RouteExtensions())], [WireHost.Cluster("llm", destination.Address.Replace("http:", "https:", StringComparison.Ordinal))]);
        for (var sent = 1; sent <= 2; sent++)
        {
            await using var caller = await host.CallAsync("HTTP/1.1");
            await caller.SendAsync("/any", []);
            await caller.HeadAsync();
            Assert.Equal((502, "upstream_tls_failed"), (caller.Status, caller.Header("X-Blaze-Error")));
            await host.RestAsync(sent);
        }

        var availability = host.Get<AvailabilityRegistry>().Of(host.Cluster("llm").DestinationsState.AllDestinations[0]);
        Assert.Equal((AvailabilityReason.ConnectFailed, 2), (availability.Facts.Reason, availability.Facts.Failures));
    }

    [Theory]
    [InlineData("204 No Content", 204)]
    [InlineData("205 Reset Content", 205)]
    public async Task An_answer_without_a_body_passes_whatever_length_it_claims(string status, int expected)
    {
        await using var destination = new ScriptedDestination();
        await using var host = await WireHost.StartAsync([WireHost.Route("all", new RouteExtensions())], [WireHost.Cluster("llm", destination.Address)]);
        await using var caller = await host.CallAsync("HTTP/1.1");
        await caller.SendAsync("/any", []);
        var exchange = await destination.NextAsync();
        await exchange.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: 5\r\nX-Seen: yes\r\n\r\n{(expected == 205 ? "abcde" : "")}");
        await caller.HeadAsync();
        Assert.Equal((expected, "yes"), (caller.Status, caller.Header("X-Seen")));
        await host.RestAsync(1);
        AssertBlameless(host);
    }

    [Fact]
    public async Task A_destination_that_switches_protocols_unasked_breaks_the_protocol()
    {
        await using var destination = new ScriptedDestination();
        await using var host = await WireHost.StartAsync([WireHost.Route("all", new RouteExtensions())], [WireHost.Cluster("llm", destination.Address)]);
        await using var caller = await host.CallAsync("HTTP/1.1");
        await caller.SendAsync("/any", []);
        var exchange = await destination.NextAsync();
        await exchange.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        await caller.HeadAsync();
        Assert.Equal((502, "upstream_protocol_error"), (caller.Status, caller.Header("X-Blaze-Error")));
        await host.RestAsync(1);
        var availability = host.Get<AvailabilityRegistry>().Of(host.Cluster("llm").DestinationsState.AllDestinations[0]);
        Assert.Equal(1, availability.Facts.Failures);
    }

    [Fact]
    public async Task A_policy_that_throws_when_a_destination_is_ejected_leaves_nothing_in_flight()
    {
        var policy = new FailingPolicy();
        await using var destination = await HeldDestination.StartAsync();
        destination.Open();
        var cluster = WireHost.Cluster("llm", destination.Address, "http://127.0.0.1:9/") with { LoadBalancingPolicy = "RoundRobin", HealthCheck = new HealthCheckConfig { AvailableDestinationsPolicy = policy.Name } };
        await using var host = await WireHost.StartAsync([WireHost.Route("all", new RouteExtensions())], [cluster], proxy => proxy.Services.AddSingleton<IAvailableDestinationsPolicy>(policy));
        policy.Fails = true;
        var seen = new List<Outcome>();
        for (var sent = 1; sent <= 2; sent++)
        {
            await using var caller = await host.CallAsync("HTTP/1.1");
            await caller.SendAsync("/any", []);
            await caller.HeadAsync();
            await caller.EndAsync();
            await host.RestAsync(sent);
            seen.Add(host.Records.Last.Outcome);
        }

        Assert.Contains(Outcome.GatewayError, seen);
    }

    [Fact]
    public async Task A_client_that_has_left_when_models_are_still_asked_for_gets_no_empty_answer()
    {
        await using var destination = new ScriptedDestination();
        await using var host = await WireHost.StartAsync([WireHost.Route("all", new RouteExtensions { Inference = true })], [ExtensionsCarrier.Attach(WireHost.Cluster("llm", destination.Address), NotProbed)]);
        var asked = await destination.NextAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(host.Http1.Host, host.Http1.Port);
        await socket.SendAsync("GET /v1/models HTTP/1.1\r\nHost: gateway\r\n\r\n"u8.ToArray());
        await Waiting.UntilAsync(() => host.Get<RequestContextPool>().InFlight == 1, () => "The request did not arrive.");
        socket.Shutdown(SocketShutdown.Send);
        await SettledAsync(host);
        Assert.Equal((Outcome.ClientCanceled, 499), (host.Records.Last.Outcome, host.Records.Last.StatusCode));
        Assert.Equal("", await RestOfAsync(socket));
        await asked.AnswerAsync("""{"object":"list","data":[]}""");
    }

    [Fact]
    public async Task A_route_that_runs_out_of_time_when_models_are_still_asked_for_says_so()
    {
        await using var destination = new ScriptedDestination();
        var route = WireHost.Route("all", new RouteExtensions { Inference = true }) with { Timeout = TimeSpan.FromMilliseconds(200) };
        await using var host = await WireHost.StartAsync([route], [ExtensionsCarrier.Attach(WireHost.Cluster("llm", destination.Address), NotProbed)]);
        var asked = await destination.NextAsync();
        await using var caller = (Http1Caller)await host.CallAsync("HTTP/1.1");
        await caller.RawAsync("GET /v1/models HTTP/1.1\r\nHost: gateway\r\n\r\n"u8.ToArray());
        await caller.HeadAsync();
        Assert.Equal((504, "upstream_timeout"), (caller.Status, caller.Header("X-Blaze-Error")));
        Assert.True((await caller.EndAsync()).IsComplete);
        await SettledAsync(host);
        Assert.Equal((Outcome.Timeout, 504), (host.Records.Last.Outcome, host.Records.Last.StatusCode));
        await asked.AnswerAsync("""{"object":"list","data":[]}""");
    }

    /// <summary>The question to the destination is under way still, and holds its connections.</summary>
    private static Task SettledAsync(WireHost host) =>
        Waiting.UntilAsync(() => host.Records.Count == 1 && host.Get<RequestContextPool>().InFlight == 0, () => "The request was not settled.");

    private static void AssertBlameless(WireHost host)
    {
        var availability = host.Get<AvailabilityRegistry>().Of(host.Cluster("llm").DestinationsState.AllDestinations[0]);
        Assert.Equal((AvailabilityState.Up, 0), (availability.Facts.State, availability.Facts.Failures));
    }

    private static async Task<string> RestOfAsync(Socket socket)
    {
        var (text, buffer) = (new StringBuilder(), new byte[4096]);
        try
        {
            for (int count; (count = await socket.ReceiveAsync(buffer).Soon()) > 0;)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, count));
            }
        }
        catch (SocketException)
        {
            // Reset, which is no answer either.
        }

        return text.ToString();
    }

    private sealed class FailingPolicy : IAvailableDestinationsPolicy
    {
        public bool Fails { get; set; }

        public string Name => "Failing";

        public IReadOnlyList<DestinationState> GetAvailalableDestinations(ClusterConfig config, IReadOnlyList<DestinationState> allDestinations) =>
            Fails ? throw new InvalidOperationException("The policy fails on purpose.") : allDestinations;
    }
}
