using System.Net;
using System.Text;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.EndToEnd.Health;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>A gateway that is stopped as a whole by SIGSTOP, as a paused machine is, while requests wait in it.</summary>
public sealed class StandstillTests
{
    private const int Many = 40;
    private const string Chat = """{"model":"demo-small","messages":[{"role":"user","content":"Hello"}]}""";

    /// <summary>Answers come whole after so many tenths of a second: while the gateway stands still, and after it goes on.</summary>
    [Theory]
    [InlineData(15, 1)]
    [InlineData(15, 2)]
    [InlineData(38, 1)]
    [InlineData(38, 2)]
    public async Task A_gateway_that_stood_still_loses_no_request_that_waits(int tenths, int destinations)
    {
        var servers = new List<ModelServerHost>();
        for (var i = 0; i < destinations; i++)
        {
            servers.Add(await StartAsync(tenths));
        }

        using var directory = new TemporaryDirectory();
        await using var gateway = await BlazeProcess.ServeAsync(["--config", directory.Write("routes.json", Routes(servers))]);
        using var client = BlazeProcess.NewClient(gateway.Proxy);
        var asked = Enumerable.Range(0, Many).Select(_ => AskAsync(client)).ToArray();
        await Eventually.TrueAsync(() => servers.Sum(server => server.Engine.Running) == Many);
        await StandStillAsync(gateway);
        var answers = await Task.WhenAll(asked);
        Assert.All(answers, answer => Assert.Equal(((HttpStatusCode)200, null, null), answer));
        Assert.Equal(Many, servers.Sum(server => server.Stats.Posts));
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_limit_still_bites_afterwards()
    {
        await using var server = await StartAsync(1000);
        using var directory = new TemporaryDirectory();
        await using var gateway = await BlazeProcess.ServeAsync(["--config", directory.Write("routes.json", Routes([server]))]);
        using var client = BlazeProcess.NewClient(gateway.Proxy);
        var asked = AskAsync(client);
        var from = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(() => server.Engine.Running == 1);
        await StandStillAsync(gateway);
        Assert.Equal((HttpStatusCode.GatewayTimeout, "upstream_timeout", null), await asked);
        Assert.InRange(Seconds(from), 4, 25);
    }

    private static async Task StandStillAsync(BlazeProcess gateway)
    {
        gateway.Signal("-STOP");
        var from = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(() => Seconds(from) >= 3);
        gateway.Signal("-CONT");
    }

    private static double Seconds(long from) => TimeProvider.System.GetElapsedTime(from).TotalSeconds;

    private static async Task<(HttpStatusCode Status, string? Error, string? Attempts)> AskAsync(HttpClient client)
    {
        using var answer = await client.PostAsync("/v1/chat/completions", new StringContent(Chat, Encoding.UTF8, "application/json"));
        await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, Header("X-Blaze-Error"), Header("X-Blaze-Attempts"));

        string? Header(string name) => answer.Headers.TryGetValues(name, out var values) ? values.Single() : null;
    }

    private static string Routes(IReadOnlyList<ModelServerHost> servers) =>
        GatewayFixture.Routes([.. servers.Select(server => server.Address)], """{ "Inference": true, "Timeouts": { "FirstByte": "00:00:02" } }""");

    private static Task<ModelServerHost> StartAsync(int tenths) => ModelServerHost.StartAsync(new ModelServerHostOptions
    {
        AnswerTokens = tenths,
        Engine = new EngineOptions { PrefillRate = 1_000_000, DecodeRate = 10, BatchCost = 0 },
    });
}
