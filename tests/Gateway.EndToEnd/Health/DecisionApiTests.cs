using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Faults;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>Why requests went where they went, asked of a whole gateway and by <c>blaze why</c>.</summary>
public sealed class DecisionApiTests
{
    private const string Decisions = "/api/v1/decisions";

    [Fact]
    public async Task Every_request_is_explained_by_the_api_the_header_and_the_verb()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(Routes([server, other]));
        var destinations = new Destinations(gateway);
        var ids = new List<(string Id, string Destination)>();
        for (var i = 0; i < 60; i++)
        {
            using var answer = await destinations.SendAsync(i % 2 == 0 ? Destinations.Stream : Destinations.Chat);
            await answer.Content.ReadAsStringAsync();
            Assert.Matches($"^Adaptive/[A-Za-z]+ d[01] of 2; predicted ", answer.Headers.GetValues("X-Blaze-Decision").Single());
            ids.Add((answer.Headers.GetValues("X-Request-Id").Single(), answer.Headers.GetValues("X-Blaze-Destination").Single()));
        }

        await destinations.RestAsync();
        var (id, picked) = ids[^1];
        var one = JsonDocument.Parse(await gateway.Admin.GetStringAsync($"{Decisions}/{id}")).RootElement;
        Assert.Equal((id, picked, "llm", "ok"), (Text(one, "requestId"), Text(one, "destination"), Text(one, "cluster"), one.GetProperty("outcome").GetProperty("result").GetString()));
        Assert.Equal(2, one.GetProperty("candidates").GetArrayLength());

        var list = JsonDocument.Parse(await gateway.Admin.GetStringAsync(Decisions + "?limit=5")).RootElement;
        Assert.Equal((1024, 60L), (list.GetProperty("kept").GetInt32(), list.GetProperty("made").GetInt64()));
        Assert.Equal(ids.AsEnumerable().Reverse().Take(5).Select(pair => pair.Id), list.GetProperty("decisions").EnumerateArray().Select(decision => Text(decision, "requestId")), StringComparer.Ordinal);
        var mine = JsonDocument.Parse(await gateway.Admin.GetStringAsync(Decisions + "?cluster=llm&destination=d1")).RootElement.GetProperty("decisions");
        Assert.Equal(ids.Count(pair => pair.Destination == "d1"), mine.GetArrayLength());

        var admin = gateway.Admin.BaseAddress!.ToString();
        var words = await PrintedAsync(0, "why", id, "--admin-url", admin);
        Assert.Matches(@"strategy +Adaptive/", words);
        Assert.Matches($@"destination +{picked}\n", words);
        Assert.Matches(@"outcome +ok, status 200; first chunk after .* s predicted\)", words);
        Assert.Matches($@"destination +in flight +prefill tokens +own tokens +predicted +cost\n(d\d.*\n)*{picked} \* ", words);
        Assert.Equal(id, JsonDocument.Parse(await PrintedAsync(0, "why", id, "--admin-url", admin, "--format", "json")).RootElement.GetProperty("requestId").GetString());
        await PrintedAsync(1, "why", "no-such", "--admin-url", admin);
        await ExplainedAsync(gateway, admin, [server, other]);
        await ReportedAsync(gateway);
        await ReplayedAsync(gateway);
    }

    [Theory]
    [InlineData("?limit=0", HttpStatusCode.BadRequest, "limit is '0'; it must be a whole number from 1 to 65536, or be left out for 100.")]
    [InlineData("?limit=1", HttpStatusCode.OK, null)]
    [InlineData("?limit=65536", HttpStatusCode.OK, null)]
    [InlineData("?limit=65537", HttpStatusCode.BadRequest, "limit is '65537'; it must be a whole number from 1 to 65536, or be left out for 100.")]
    [InlineData("?limit=few", HttpStatusCode.BadRequest, "limit is 'few'; it must be a whole number")]
    [InlineData("?clutser=llm", HttpStatusCode.BadRequest, "'clutser' cannot be asked for; ask for limit, cluster or destination.")]
    [InlineData("?cluster=x", HttpStatusCode.NotFound, "There is no cluster 'x'; name one of: llm.")]
    [InlineData("?destination=d9", HttpStatusCode.NotFound, "There is no destination 'd9'; name one of: d0.")]
    [InlineData("?cluster=LLM&destination=d9", HttpStatusCode.NotFound, "There is no destination 'd9' in cluster 'llm'; name one of: d0.")]
    [InlineData("/never", HttpStatusCode.NotFound, "There is no decision for request 'never' among the last 1024; ")]
    [InlineData("/a/b", HttpStatusCode.NotFound, "There is no decision for request 'a/b' among the last 1024; ")]
    public async Task What_cannot_be_told_is_a_problem_that_names_the_rule(string query, HttpStatusCode status, string? detail)
    {
        await using var server = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(Routes([server]));
        using var answer = await gateway.Admin.GetAsync(Decisions + query);
        Assert.Equal(status, answer.StatusCode);
        if (detail is not null)
        {
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
            Assert.StartsWith(detail, Text(JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement, "detail"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task When_none_are_kept_the_list_is_empty_and_the_problem_tells_the_key()
    {
        await using var server = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(Routes([server]), null, ("Telemetry:Decisions:Keep", "0"));
        using var sent = await new Destinations(gateway).SendAsync();
        Assert.StartsWith("Adaptive d0 of 1", sent.Headers.GetValues("X-Blaze-Decision").Single(), StringComparison.Ordinal);
        var list = JsonDocument.Parse(await gateway.Admin.GetStringAsync(Decisions)).RootElement;
        Assert.Equal((0, 0, 0), (list.GetProperty("kept").GetInt32(), list.GetProperty("made").GetInt32(), list.GetProperty("decisions").GetArrayLength()));
        using var answer = await gateway.Admin.GetAsync(Decisions + "/" + sent.Headers.GetValues("X-Request-Id").Single());
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("Telemetry:Decisions:Keep is 0", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_was_sent_several_times_is_told_with_every_attempt()
    {
        await using var limited = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, Faults = FaultPlan.Parse("status=429;retry-after=40;path=/v1/chat") });
        await using var broken = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, Faults = FaultPlan.Parse("rst=head;path=/v1/chat") });
        await using var server = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(Routes([limited, broken, server]).Replace("\"Adaptive\"", "\"RoundRobin\"", StringComparison.Ordinal));
        var destinations = new Destinations(gateway);
        var request = ("", "");
        for (var tries = 0; tries < 20 && request.Item2.Split(';').Length < 3; tries++)
        {
            destinations.Registry.Of(destinations.Cluster.Destinations["d0"]).Load.IsCooling = false;
            using var answer = await destinations.SendAsync();
            await answer.Content.ReadAsStringAsync();
            request = (answer.Headers.GetValues("X-Request-Id").Single(), answer.Headers.GetValues("X-Blaze-Decision").Single());
        }

        await destinations.RestAsync();
        var (id, header) = request;
        Assert.Matches("^(d0 rate_limited; d1 broken|d1 broken; d0 rate_limited); RoundRobin d2( of 1)?$", header);
        var last = JsonDocument.Parse(await gateway.Admin.GetStringAsync($"{Decisions}/{id}")).RootElement;
        Assert.Equal(("d2", 3, "ok"), (Text(last, "destination"), last.GetProperty("attempt").GetInt32(), Text(last.GetProperty("outcome"), "result")));
        Assert.Equal(JsonValueKind.Null, last.GetProperty("outcome").GetProperty("next").ValueKind);
        Assert.All(last.GetProperty("candidates").EnumerateArray().Where(candidate => Text(candidate, "destination") == "d1"), candidate => Assert.Equal("tried", Text(candidate, "passedOver")));
        var earlier = last.GetProperty("earlier").EnumerateArray().Select(made => (made.GetProperty("attempt").GetInt32(), Text(made, "destination"), Text(made.GetProperty("outcome"), "next"), made.GetProperty("outcome").GetProperty("status").GetInt32())).ToList();
        Assert.Equal([1, 2], earlier.Select(made => made.Item1));
        Assert.Equal([("d0", "rate_limited", 429), ("d1", "broken", 0)], earlier.Select(made => (made.Item2, made.Item3, made.Item4)).OrderBy(made => made.Item1, StringComparer.Ordinal));
        var words = await PrintedAsync(0, "why", id, "--admin-url", gateway.Admin.BaseAddress!.ToString());
        Assert.Matches(@"went to +d[01] \((rate_limited|broken)\), d[01] \((rate_limited|broken)\), d2\n\nattempt +1\n", words);
        Assert.Matches(@"attempt +3\n(.+\n)*destination +d2\n", words);
        Assert.Contains("retried, status 429; another was asked because it answered 429\n", words, StringComparison.Ordinal);
        Assert.Contains("retried; another was asked because its connection or answer broke off\n", words, StringComparison.Ordinal);
    }

    /// <summary>What the running gateway thinks is told with what would happen.</summary>
    private static async Task ExplainedAsync(GatewayFixture gateway, string admin, ModelServerHost[] servers)
    {
        using var directory = new TemporaryDirectory();
        string[] words = ["explain", "--config", directory.Write("routes.json", Routes(servers)), "--path", "/v1/chat/completions", "--admin-url", admin];
        var text = await PrintedAsync(0, words);
        Assert.Matches(@"strategy +Adaptive\n", text);
        Assert.Matches(@"running +Adaptive, 2 of 2 destinations available\narm +\w+ has the most rewards", text);
        Assert.Matches(@"predicted +d1 [\d.]+ s, cost [\d.]+ for a prompt of \d+ tokens", text);
        Assert.Equal("llm", JsonDocument.Parse(await PrintedAsync(0, [.. words, "--format", "json"])).RootElement.GetProperty("running").GetProperty("cluster").GetString());
        words[2] = directory.Write("other.json", Routes(servers).Replace("\"llm\"", "\"other\"", StringComparison.Ordinal));
        await using var other = BlazeProcess.Start(words);
        Assert.Equal(1, await other.ExitAsync());
        Assert.Contains($"The gateway at {admin} has no cluster 'other', it has 'llm'", other.Error, StringComparison.Ordinal);
        Assert.Contains("blaze_loadbalancer_arm_decisions_total{cluster=\"llm\",arm=\"PowerOfTwoChoices\"} 5", await gateway.Admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    private static async Task ReportedAsync(GatewayFixture gateway)
    {
        var cluster = JsonDocument.Parse(await gateway.Admin.GetStringAsync("/api/v1/performance/loadbalancer")).RootElement.GetProperty("clusters")[0];
        var adaptive = cluster.GetProperty("adaptive");
        Assert.Equal(("trusted", 8), (Text(adaptive, "state"), adaptive.GetProperty("arms").GetArrayLength()));
        Assert.Equal(60, adaptive.GetProperty("arms").EnumerateArray().Sum(arm => arm.GetProperty("picks").GetInt64()));
        var load = cluster.GetProperty("destinations")[0].GetProperty("load");
        Assert.Equal((0L, 0L, 0.0), (load.GetProperty("prefillTokens").GetInt64(), load.GetProperty("outputTokens").GetInt64(), load.GetProperty("failureShare").GetDouble()));
        Assert.True(load.GetProperty("factor").GetDouble() > 0);
    }

    /// <summary>The lines of the API are a trace that can be replayed, and hold nothing of what was said.</summary>
    private static async Task ReplayedAsync(GatewayFixture gateway)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Decisions + "?limit=1000");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        using var answer = await gateway.Admin.SendAsync(request);
        Assert.Equal("application/x-ndjson", answer.Content.Headers.ContentType!.ToString());
        var lines = await answer.Content.ReadAsStringAsync();
        Assert.Equal(60, lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.DoesNotContain("Hello", lines, StringComparison.Ordinal);
        using var directory = new TemporaryDirectory();
        var printed = await PrintedAsync(0, "replay", "--trace", directory.Write("decisions.jsonl", lines), "--strategies", "LeastConnections", "--format", "json");
        Assert.Equal(60, JsonDocument.Parse(printed).RootElement.GetProperty("requests").GetInt32());
    }

    private static string Routes(ModelServerHost[] servers) =>
        GatewayFixture.Routes([.. servers.Select(server => server.Address)], """{ "Inference": true, "Response": { "DestinationHeader": true, "DecisionHeader": true } }""")
            .Replace("\"RoundRobin\"", "\"Adaptive\"", StringComparison.Ordinal);

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static async Task<string> PrintedAsync(int exitCode, params string[] words)
    {
        await using var blaze = BlazeProcess.Start(words);
        Assert.True(await blaze.ExitAsync() == exitCode, $"exit code {blaze.ExitCode}: {blaze.Error}");
        return blaze.Out;
    }

    private static Task<ModelServerHost> StartAsync() => ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
}
