using System.Net;
using System.Text;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd;

public sealed class SmokeTests
{
    [Fact]
    public async Task A_stream_passes_unchanged()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var gateway = await GatewayFixture.InFrontOfAsync(server);
        using var direct = BlazeProcess.NewClient(server.Address);
        const string Body = """{"model":"demo-small","stream":true,"max_tokens":20,"messages":[{"role":"user","content":"Hello"}]}""";

        using var through = await gateway.Proxy.PostAsync("/v1/chat/completions", new StringContent(Body, Encoding.UTF8, "application/json"));
        using var without = await direct.PostAsync("/v1/chat/completions", new StringContent(Body, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.OK, through.StatusCode);
        Assert.Equal(await without.Content.ReadAsByteArrayAsync(), await through.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_missing_file_is_told_with_the_commands_that_work()
    {
        using var directory = new TemporaryDirectory();
        await using var blaze = BlazeProcess.Start(["run", "--config", "nowhere.json"], directory.Path);

        Assert.Equal(2, await blaze.ExitAsync());
        Assert.Contains("nowhere.json", blaze.Error, StringComparison.Ordinal);
    }
}
