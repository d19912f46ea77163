using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Faults;
using BlazeGateway.Policies.LoadBalancing;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>Where operators see that a destination answered 429 and is left alone.</summary>
public sealed class CoolingTests
{
    private const string Words = "it answered 429 and gets no requests for ";

    [Theory]
    [InlineData(Strategies.RoundRobin)]
    [InlineData(Strategies.Adaptive)]
    [InlineData("Random")]
    public async Task A_destination_that_cools_is_shown_wherever_one_looks(string strategy)
    {
        await using var limited = await StartAsync("status=429;retry-after=40");
        await using var server = await StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(Routes([limited, server], strategy));
        var destinations = new Destinations(gateway);
        for (var i = 0; i < 20 && !destinations.Registry.Of(destinations.Cluster.Destinations["d0"]).Load.IsCooling; i++)
        {
            await AskAsync(destinations);
        }

        var (id, decision) = await AskAsync(destinations);
        var admin = gateway.Admin.BaseAddress!.ToString();
        var reports = JsonDocument.Parse(await gateway.Admin.GetStringAsync("/api/v1/performance/loadbalancer")).RootElement.GetProperty("clusters")[0].GetProperty("destinations");
        Assert.InRange(reports[0].GetProperty("coolingSeconds").GetDouble(), 20, 44);
        Assert.Equal("up", reports[0].GetProperty("state").GetString());
        Assert.StartsWith(Words, reports[0].GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, reports[1].GetProperty("coolingSeconds").ValueKind);
        Assert.Matches($@"up since [^<]*: {Words}\d\d s more<", await gateway.Admin.GetStringAsync("/"));
        var metrics = await gateway.Admin.GetStringAsync("/metrics");
        var left = Regex.Match(metrics, @"^blaze_destination_cooling_seconds\{cluster=""llm"",destination=""d0""\} (?<left>\S+)$", RegexOptions.Multiline);
        Assert.InRange(double.Parse(left.Groups["left"].Value, CultureInfo.InvariantCulture), 20, 44);
        Assert.Contains("blaze_destination_cooling_seconds{cluster=\"llm\",destination=\"d1\"} 0\n", metrics, StringComparison.Ordinal);

        await destinations.RestAsync();
        var candidates = JsonDocument.Parse(await gateway.Admin.GetStringAsync("/api/v1/decisions/" + id)).RootElement.GetProperty("candidates").EnumerateArray()
            .ToDictionary(candidate => candidate.GetProperty("destination").GetString()!, candidate => candidate.GetProperty("passedOver").GetString(), StringComparer.Ordinal);
        Assert.Equal("cooling", candidates["d0"]);
        Assert.Null(candidates.GetValueOrDefault("d1"));
        var words = await PrintedAsync("why", id, "--admin-url", admin);
        Assert.Matches(@"why +.*; passed over: d0 \(cooling\)\n", words);
        Assert.Matches(@"\nd0 .* cooling\n", words);
        Assert.Contains("d1", decision, StringComparison.Ordinal);

        using var directory = new TemporaryDirectory();
        var routes = await PrintedAsync("routes", "--config", directory.Write("routes.json", Routes([limited, server], strategy)), "--admin-url", admin);
        Assert.Matches(@"\(up,\s+cooling:\s+\d\d\s+s\)", routes);
    }

    private static async Task<(string Id, string Decision)> AskAsync(Destinations destinations)
    {
        using var answer = await destinations.SendAsync();
        Assert.Equal(200, (int)answer.StatusCode);
        await answer.Content.ReadAsStringAsync();
        return (answer.Headers.GetValues("X-Request-Id").Single(), answer.Headers.GetValues("X-Blaze-Decision").Single());
    }

    private static string Routes(ModelServerHost[] servers, string strategy) =>
        GatewayFixture.Routes([.. servers.Select(server => server.Address)], """{ "Inference": true, "Response": { "DecisionHeader": true } }""")
            .Replace("\"RoundRobin\"", $"\"{strategy}\"", StringComparison.Ordinal);

    private static async Task<string> PrintedAsync(params string[] words)
    {
        await using var blaze = BlazeProcess.Start(words);
        Assert.True(await blaze.ExitAsync() == 0, $"exit code {blaze.ExitCode}: {blaze.Error}");
        return blaze.Out;
    }

    private static Task<ModelServerHost> StartAsync(string? faults = null) =>
        ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, Faults = faults is null ? FaultPlan.None : FaultPlan.Parse(faults) });
}
