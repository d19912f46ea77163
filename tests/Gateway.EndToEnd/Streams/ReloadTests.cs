using System.Net;
using System.Security.Cryptography;
using System.Text;
using BlazeGateway.Configuration;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Hosting;

namespace BlazeGateway.EndToEnd.Streams;

/// <summary>Streams go on, byte for byte, through reloads of the whole gateway that take their destination, their limits and their route away.</summary>
public sealed class ReloadTests
{
    private const int Streams = 8;
    private const int Reloads = 5;
    private const string Body = """{"model":"demo-small","stream":true,"max_tokens":60,"min_tokens":60,"messages":[{"role":"user","content":"Hello"}]}""";

    [Fact]
    public async Task Streams_keep_the_plan_they_began_with()
    {
        using var directory = new TemporaryDirectory();
        await using var first = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var second = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, Seed = 2 });
        using var direct = BlazeProcess.NewClient(first.Address);
        var expected = await HashAsync(await direct.PostAsync("/v1/chat/completions", Content()));
        Write(directory, GatewayFixture.Routes([first.Address]));
        await using var host = await GatewayHost.CreateAsync(new GatewayHostOptions
        {
            Sources = new ConfigurationSources
            {
                Files = ConfigurationFiles.Find(Path.Combine(directory.Path, "routes.json"), directory.Path, directory.Path),
                WorkingDirectory = directory.Path,
                CommandLine =
                [
                    new("Proxy:Urls", "http://127.0.0.1:0"), new("Admin:Url", "http://127.0.0.1:0"), new("Telemetry:AccessLog:Enabled", "false"),
                ],
            },
        });
        await host.StartAsync();
        using var client = BlazeProcess.NewClient(host.Listeners.ProxyAddresses[0]);
        using var admin = BlazeProcess.NewClient(host.Listeners.AdminAddress);

        // Each stream passes in steps of 200 bytes, 20 ms apart, and so outlives the reloads.
        first.SetFault("drip=200/20ms");
        var answers = await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Content() }, HttpCompletionOption.ResponseHeadersRead)));
        var reading = answers.Select(HashAsync).ToArray();
        for (var i = 0; i < Reloads; i++)
        {
            Write(directory, GatewayFixture.Routes(
                [second.Address],
                $$"""{ "Timeouts": { "BetweenChunks": "00:00:0{{i + 1}}" }, "Response": { "DestinationHeader": {{(i % 2 == 0 ? "true" : "false")}} } }""",
                $$"""{ "ModelServer": { "Kind": "vllm" }, "Timeouts": { "FirstByte": "00:00:1{{i}}" } }"""));
            using var reload = await admin.PostAsync("/api/v1/config/reload", null);
            Assert.Equal(HttpStatusCode.OK, reload.StatusCode);
            using var later = await client.PostAsync("/v1/chat/completions", Content());
            Assert.Equal(HttpStatusCode.OK, later.StatusCode);
            Assert.Equal(i % 2 == 0, later.Headers.Contains("X-Blaze-Destination"));
        }

        Assert.All(await Task.WhenAll(reading), hash => Assert.Equal(expected, hash));
        Assert.Equal(Reloads, second.Stats.Read);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        await host.StopAsync();
    }

    private static StringContent Content() => new(Body, Encoding.UTF8, "application/json");

    private static void Write(TemporaryDirectory directory, string routes) => File.WriteAllText(Path.Combine(directory.Path, "routes.json"), routes);

    private static async Task<string> HashAsync(HttpResponseMessage answer)
    {
        await using var body = await answer.Content.ReadAsStreamAsync();
        return Convert.ToHexString(await SHA256.HashDataAsync(body));
    }
}
