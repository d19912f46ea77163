using System.Net;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>A model server that fails half of what it is sent, seen by a client and by an operator.</summary>
public sealed class CircuitBreakerTests
{
    // The second attempt that ends is enough, and any failure among them.
    private const string Sensitive = """
        { "ModelServer": { "Kind": "vllm", "Models": [ "demo-small" ] }, "Health": { "Probe": false, "SlowStart": false },
          "CircuitBreaker": { "MinimumThroughput": 2, "FailureRatio": 0.01, "BreakDuration": "00:00:01" } }
        """;

    private const string Off = """
        { "ModelServer": { "Kind": "vllm", "Models": [ "demo-small" ] }, "Health": { "Probe": false }, "CircuitBreaker": { "Enabled": false } }
        """;

    [Fact]
    public async Task A_server_that_fails_half_is_left_out_and_tried_until_it_is_well()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address, other.Address], cluster: Sensitive));
        var destinations = new Destinations(gateway);
        server.SetFault("status=503;p=0.5;path=/v1/chat");
        await Eventually.TrueAsync(async () =>
        {
            await destinations.StatusAsync();
            await destinations.RestAsync();
            return destinations.StateOf("d0") != "up" && destinations.StateOf("d0") != "suspect";
        });
        Assert.Equal(AvailabilityReason.CircuitOpen, destinations.Facts("d0").Reason);
        var metrics = await gateway.Admin.GetStringAsync("/metrics");
        Assert.Contains("blaze_destination_ejections_total{cluster=\"llm\",destination=\"d0\",reason=\"circuit_open\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("blaze_circuit_breaker_transitions_total{cluster=\"llm\",destination=\"d0\",to=\"open\"} 1\n", metrics, StringComparison.Ordinal);

        server.SetFault("status=503;path=/v1/chat");
        await Eventually.TrueAsync(async () =>
        {
            await destinations.StatusAsync();
            await destinations.RestAsync();
            return destinations.Facts("d0").Ejections >= 2;
        });
        server.SetFault("");
        await Eventually.TrueAsync(async () =>
        {
            Assert.Equal(HttpStatusCode.OK, await destinations.StatusAsync());
            return destinations.StateOf("d0") == "up";
        });
        Assert.Contains("blaze_circuit_breaker_state{cluster=\"llm\",destination=\"d0\",state=\"closed\"} 1\n", await gateway.Admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_all_fail_a_fifth_of_their_requests_and_there_are_no_circuits_some_stay()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address, other.Address], cluster: Off));
        var destinations = new Destinations(gateway);
        server.SetFault("status=503;p=0.2;path=/v1/chat");
        other.SetFault("status=503;p=0.2;path=/v1/chat");
        for (var i = 0; i < 200; i++)
        {
            using var answer = await destinations.SendAsync();
            Assert.False(answer.Headers.Contains("X-Blaze-Error"), "the gateway found no destination");
            Assert.InRange(destinations.Ejected(), 0, 1);
        }

        Assert.DoesNotContain("blaze_circuit_breaker_state{", await gateway.Admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    private static Task<ModelServerHost> StartAsync() => ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
}
