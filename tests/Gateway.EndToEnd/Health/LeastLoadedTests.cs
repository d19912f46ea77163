using System.Text;
using System.Text.Json;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>The gateway with the strategy that goes by what model servers report, in front of servers of each kind.</summary>
public sealed class LeastLoadedTests
{
    private const string Long = """{"model":"demo-small","stream":true,"max_tokens":1000,"messages":[{"role":"user","content":"Tell me everything"}]}""";

    [Theory]
    [InlineData("vllm")]
    [InlineData("sglang")]
    [InlineData("tgi")]
    [InlineData("trtllm")]
    [InlineData("llamacpp")]
    public async Task A_server_that_others_load_gets_less(string kind)
    {
        var servers = new List<ModelServerHost>();
        for (var i = 0; i < 4; i++)
        {
            servers.Add(await ModelServerHost.StartAsync(new ModelServerHostOptions { Kind = kind, Engine = new EngineOptions { DecodeRate = 5 } }));
        }

        using var leave = new CancellationTokenSource();
        using var direct = new HttpClient { BaseAddress = servers[2].Address };
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 6; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Long, Encoding.UTF8, "application/json") };
            answers.Add(await direct.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave.Token));
        }

        await using (var gateway = await GatewayFixture.StartAsync(Routes(kind, servers)))
        {
            var destinations = new Destinations(gateway);
            await Eventually.TrueAsync(() => destinations.Cluster.Destinations.Values.All(destination => destinations.Registry.LoadOf(destination)?.Reported is not null));
            var counts = new Dictionary<string, int>(StringComparer.Ordinal);
            var open = new List<HttpResponseMessage>();
            for (var i = 0; i < 12; i++)
            {
                // On a busy machine a report may have grown old, and then it is not gone by.
                await Eventually.TrueAsync(() => destinations.Registry.LoadOf(destinations.Cluster.Destinations["d2"])!.Reported!.Others(destinations.Registry.Clock) >= 5);
                using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Long, Encoding.UTF8, "application/json") };
                var answer = await gateway.Proxy.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave.Token);
                open.Add(answer);
                var id = answer.Headers.GetValues("X-Blaze-Destination").Single();
                counts[id] = counts.GetValueOrDefault(id) + 1;
                Assert.False(answer.Headers.Contains("endpoint-load-metrics"));
            }

            Assert.True(counts.GetValueOrDefault("d2") <= 1, $"d2 was picked {counts.GetValueOrDefault("d2")} times of 12");
            Assert.All(new[] { "d0", "d1", "d3" }, id => Assert.InRange(counts.GetValueOrDefault(id), 3, 5));
            await ReportAsync(gateway);
            open.ForEach(answer => answer.Dispose());
        }

        answers.ForEach(answer => answer.Dispose());
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_load_told_with_an_answer_is_asked_for_and_kept_from_a_client_that_did_not_ask()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var gateway = await GatewayFixture.StartAsync(Routes("vllm", [server]));
        using var plain = await gateway.Proxy.PostAsync("/v1/chat/completions", new StringContent(Destinations.Chat, Encoding.UTF8, "application/json"));
        Assert.False(plain.Headers.Contains("endpoint-load-metrics"));
        Assert.Equal("text", server.Stats.Recent.Last(request => request.Method == "POST").Headers["endpoint-load-metrics-format"]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Destinations.Chat, Encoding.UTF8, "application/json") };
        request.Headers.Add("endpoint-load-metrics-format", "json");
        using var asked = await gateway.Proxy.SendAsync(request);
        Assert.StartsWith("JSON {", asked.Headers.GetValues("endpoint-load-metrics").Single(), StringComparison.Ordinal);
    }

    private static async Task ReportAsync(GatewayFixture gateway)
    {
        var report = JsonDocument.Parse(await gateway.Admin.GetStringAsync("/api/v1/performance/loadbalancer")).RootElement;
        var loaded = report.GetProperty("clusters")[0].GetProperty("destinations")[2].GetProperty("reported");
        Assert.True(loaded.GetProperty("running").GetInt32() + loaded.GetProperty("waiting").GetInt32() >= 5);
        Assert.InRange(loaded.GetProperty("ageSeconds").GetDouble(), 0, 30);
        var metrics = await gateway.Admin.GetStringAsync("/metrics");
        Assert.Contains("blaze_destination_reports_total{cluster=\"llm\",destination=\"d2\",outcome=\"told\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("blaze_destination_report_age_seconds{cluster=\"llm\",destination=\"d2\"}", metrics, StringComparison.Ordinal);
    }

    private static string Routes(string kind, IEnumerable<ModelServerHost> servers) =>
        GatewayFixture.Routes([.. servers.Select(server => server.Address)], """{ "Response": { "DestinationHeader": true } }""", $$"""{ "ModelServer": { "Kind": "{{kind}}" } }""")
            .Replace("\"RoundRobin\"", "\"LeastLoaded\"", StringComparison.Ordinal);
}
