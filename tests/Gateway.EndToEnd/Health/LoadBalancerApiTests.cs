using System.Net;
using System.Text.Json;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>What operators see of the states, and what they can do about them.</summary>
public sealed class LoadBalancerApiTests
{
    private const string Report = "/api/v1/performance/loadbalancer";

    [Fact]
    public async Task The_report_tells_every_destination_and_a_drain_takes_one_out()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address, other.Address], """{ "Response": { "DestinationHeader": true } }"""));
        var destinations = new Destinations(gateway);
        await Eventually.TrueAsync(() => destinations.Facts("d0").IsSeen && destinations.Facts("d1").IsSeen);

        var cluster = (await ReadAsync(gateway)).GetProperty("clusters").EnumerateArray().Single();
        Assert.Equal(("llm", "RoundRobin", 2), (cluster.GetProperty("cluster").GetString(), cluster.GetProperty("strategy").GetString(), cluster.GetProperty("available").GetInt32()));
        var first = cluster.GetProperty("destinations")[0];
        Assert.Equal(
            ("d0", server.Address.ToString(), "up", true, 1.0),
            (first.GetProperty("destination").GetString(), first.GetProperty("address").GetString(), first.GetProperty("state").GetString(),
                first.GetProperty("available").GetBoolean(), first.GetProperty("weight").GetDouble()));
        Assert.True(first.GetProperty("nextProbe").GetDateTimeOffset() > first.GetProperty("since").GetDateTimeOffset());

        using var drained = await gateway.Admin.PostAsync(Report + "/clusters/llm/destinations/d0/drain", null);
        Assert.Equal(HttpStatusCode.OK, drained.StatusCode);
        Assert.Equal("draining", JsonDocument.Parse(await drained.Content.ReadAsStringAsync()).RootElement.GetProperty("state").GetString());
        for (var i = 0; i < 6; i++)
        {
            using var answer = await destinations.SendAsync();
            Assert.Equal("d1", answer.Headers.GetValues("X-Blaze-Destination").Single());
        }

        Assert.Contains("draining since", await gateway.Admin.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.Contains("blaze_destination_state{cluster=\"llm\",destination=\"d0\",state=\"draining\"} 1", await gateway.Admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
        using var resumed = await gateway.Admin.PostAsync(Report + "/clusters/llm/destinations/d0/resume", null);
        Assert.Equal("up", JsonDocument.Parse(await resumed.Content.ReadAsStringAsync()).RootElement.GetProperty("state").GetString());
    }

    [Fact]
    public async Task An_isolated_destination_gets_nothing_until_it_is_reset()
    {
        await using var server = await StartAsync();
        await using var gateway = await GatewayFixture.InFrontOfAsync(server);
        var destinations = new Destinations(gateway);
        Assert.Equal("closed", (await ReadAsync(gateway)).GetProperty("clusters")[0].GetProperty("destinations")[0].GetProperty("circuit").GetString());
        var isolated = await PostAsync(gateway, "isolate");
        Assert.Equal(
            ("draining", "isolated", "isolated"),
            (isolated.GetProperty("state").GetString(), isolated.GetProperty("reason").GetString(), isolated.GetProperty("circuit").GetString()));
        Assert.Equal("isolated", (await PostAsync(gateway, "resume")).GetProperty("reason").GetString());
        using var refused = await destinations.SendAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "no_healthy_backend"), (refused.StatusCode, refused.Headers.GetValues("X-Blaze-Error").Single()));
        await destinations.RestAsync();
        var metrics = await gateway.Admin.GetStringAsync("/metrics");
        Assert.Contains("outcome=\"circuit_open\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("blaze_circuit_breaker_state{cluster=\"llm\",destination=\"d0\",state=\"isolated\"} 1\n", metrics, StringComparison.Ordinal);
        var reset = await PostAsync(gateway, "reset");
        Assert.Equal(("up", "reset", "closed"), (reset.GetProperty("state").GetString(), reset.GetProperty("reason").GetString(), reset.GetProperty("circuit").GetString()));
        Assert.Equal(HttpStatusCode.OK, await destinations.StatusAsync());
    }

    [Theory]
    [InlineData("POST", "/clusters/nothing/destinations/d0/isolate", HttpStatusCode.NotFound, "There is no cluster 'nothing'; name one of: llm.")]
    [InlineData("POST", "/clusters/llm/destinations/d9/reset", HttpStatusCode.NotFound, "Cluster 'llm' has no destination 'd9'; name one of: d0.")]
    [InlineData("GET", "/clusters/llm/destinations/d0/reset", HttpStatusCode.MethodNotAllowed, "Use POST here.")]
    [InlineData("POST", "/clusters/nothing/destinations/d0/drain", HttpStatusCode.NotFound, "There is no cluster 'nothing'; name one of: llm.")]
    [InlineData("POST", "/clusters/llm/destinations/d9/drain", HttpStatusCode.NotFound, "Cluster 'llm' has no destination 'd9'; name one of: d0.")]
    [InlineData("POST", "/clusters/llm/destinations/d0/stop", HttpStatusCode.NotFound, "There is nothing at")]
    [InlineData("GET", "/clusters/llm/destinations/d0/drain", HttpStatusCode.MethodNotAllowed, "Use POST here.")]
    [InlineData("POST", "", HttpStatusCode.MethodNotAllowed, "Use GET, HEAD here.")]
    public async Task What_is_not_there_is_a_problem_that_tells_what_is(string method, string path, HttpStatusCode status, string detail)
    {
        await using var server = await StartAsync();
        await using var gateway = await GatewayFixture.InFrontOfAsync(server);
        using var request = new HttpRequestMessage(new HttpMethod(method), Report + path);
        using var answer = await gateway.Admin.SendAsync(request);
        Assert.Equal((status, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.StartsWith(detail, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_destination_that_refuses_its_key_is_said_to_get_no_requests_and_gets_none()
    {
        const string Words = "its key is missing or refused (401), so it gets no inference requests while others take theirs";
        await using var server = await StartAsync();
        await using var locked = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, ApiKey = "sk-1" });
        var routes = GatewayFixture.Routes([server.Address, locked.Address], """{ "Response": { "DestinationHeader": true } }""");
        await using var gateway = await GatewayFixture.StartAsync(routes);
        JsonElement[] reports = [];
        await Eventually.TrueAsync(async () =>
        {
            reports = [.. (await ReadAsync(gateway)).GetProperty("clusters")[0].GetProperty("destinations").EnumerateArray()];
            return reports[1].GetProperty("keyRefused").ValueKind == JsonValueKind.Number;
        });
        Assert.Equal((401, "up", Words), (reports[1].GetProperty("keyRefused").GetInt32(), reports[1].GetProperty("state").GetString(), reports[1].GetProperty("why").GetString()));
        Assert.Equal((JsonValueKind.Null, "up"), (reports[0].GetProperty("keyRefused").ValueKind, reports[0].GetProperty("state").GetString()));
        var destinations = new Destinations(gateway);
        for (var i = 0; i < 6; i++)
        {
            using var answer = await destinations.SendAsync();
            Assert.Equal("d0", answer.Headers.GetValues("X-Blaze-Destination").Single());
        }

        Assert.Contains($": {Words}<", await gateway.Admin.GetStringAsync("/"), StringComparison.Ordinal);
        using var directory = new TemporaryDirectory();
        string[] words = ["routes", "--config", directory.Write("routes.json", routes), "--admin-url", gateway.Admin.BaseAddress!.ToString()];
        Assert.Matches(@"\(up,\s+key\s+refused:\s+401\)", await PrintedAsync(0, words));
        var row = JsonDocument.Parse(await PrintedAsync(0, [.. words, "--format", "json"])).RootElement[0].GetProperty("clusters")[0];
        Assert.Equal("""{"d1":401}""", JsonSerializer.Serialize(row.GetProperty("keysRefused")));
        Assert.Equal("up", row.GetProperty("states").GetProperty("d1").GetString());

        using var drained = await gateway.Admin.PostAsync(Report + "/clusters/llm/destinations/d1/drain", null);
        Assert.EndsWith("; " + Words, JsonDocument.Parse(await drained.Content.ReadAsStringAsync()).RootElement.GetProperty("why").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_of_routes_shows_the_states_of_a_gateway_that_runs()
    {
        await using var server = await StartAsync();
        var routes = GatewayFixture.Routes([server.Address]);
        await using var gateway = await GatewayFixture.StartAsync(routes);
        await gateway.Admin.PostAsync(Report + "/clusters/llm/destinations/d0/drain", null);
        using var directory = new TemporaryDirectory();
        var file = directory.Write("routes.json", routes);
        var admin = gateway.Admin.BaseAddress!.ToString();

        Assert.Contains("(draining)", await PrintedAsync(0, "routes", "--config", file, "--admin-url", admin), StringComparison.Ordinal);
        var json = JsonDocument.Parse(await PrintedAsync(0, "routes", "--config", file, "--admin-url", admin, "--format", "json")).RootElement;
        Assert.Equal("draining", json[0].GetProperty("clusters")[0].GetProperty("states").GetProperty("d0").GetString());
        await PrintedAsync(2, "routes", "--config", file, "--admin-url", "nonsense");
        await gateway.Host.StopAsync();
        await PrintedAsync(1, "routes", "--config", file, "--admin-url", admin);
    }

    private static async Task<JsonElement> PostAsync(GatewayFixture gateway, string action)
    {
        using var answer = await gateway.Admin.PostAsync(Report + "/clusters/llm/destinations/d0/" + action, null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
    }

    [Fact]
    public async Task A_destination_is_drained_and_resumed_from_the_command_line()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address, other.Address]));
        var admin = gateway.Admin.BaseAddress!.ToString();

        Assert.Equal("llm/d0 is draining; 0 requests in flight.", (await PrintedAsync(0, "drain", "llm", "d0", "--admin-url", admin)).Trim());
        Assert.Contains("\"state\": \"draining\"", await PrintedAsync(0, "drain", "llm", "d0", "--admin-url", admin, "--format", "json"), StringComparison.Ordinal);
        Assert.Equal("llm/d0 is up; 0 requests in flight.", (await PrintedAsync(0, "resume", "llm", "d0", "--admin-url", admin)).Trim());
        Assert.Contains("has no destination 'd9'; name one of: d0, d1.", await ComplaintAsync(1, "drain", "llm", "d9", "--admin-url", admin), StringComparison.Ordinal);
        Assert.Contains("There is no cluster 'x'; name one of: llm.", await ComplaintAsync(1, "resume", "x", "d0", "--admin-url", admin), StringComparison.Ordinal);
        Assert.Contains("must start with http://", await ComplaintAsync(2, "drain", "llm", "d0", "--admin-url", "nonsense"), StringComparison.Ordinal);
        await gateway.Host.StopAsync();
        Assert.Contains("No gateway answers at", await ComplaintAsync(1, "drain", "llm", "d0", "--admin-url", admin), StringComparison.Ordinal);
    }

    private static async Task<string> ComplaintAsync(int exitCode, params string[] words)
    {
        await using var blaze = BlazeProcess.Start(words);
        Assert.Equal(exitCode, await blaze.ExitAsync());
        return blaze.Error;
    }

    private static async Task<string> PrintedAsync(int exitCode, params string[] words)
    {
        await using var blaze = BlazeProcess.Start(words);
        Assert.Equal(exitCode, await blaze.ExitAsync());
        return blaze.Out;
    }

    private static async Task<JsonElement> ReadAsync(GatewayFixture gateway) => JsonDocument.Parse(await gateway.Admin.GetStringAsync(Report)).RootElement;

    private static Task<ModelServerHost> StartAsync() => ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
}
