using System.Text;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.EndToEnd.Operations;

public sealed class StoppingTests
{
    private const string Body = """{"model":"demo-small","stream":true,"messages":[{"role":"user","content":"Hello"}]}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_in_flight_ends_whole_and_so_does_the_process(bool byKeyboard)
    {
        // Four seconds, because command-line libraries lose patience after two.
        var options = new ModelServerHostOptions { AnswerTokens = 40 };
        await using var server = await ModelServerHost.StartAsync(options with { Engine = new EngineOptions { DecodeRate = 10 } });
        await using var twin = await ModelServerHost.StartAsync(options with { Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([server.Address]));
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);
        using var direct = BlazeProcess.NewClient(twin.Address);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        using var answer = await proxy.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (byKeyboard)
        {
            blaze.Interrupt();
        }
        else
        {
            blaze.Terminate();
        }

        using var expected = await direct.PostAsync("/v1/chat/completions", new StringContent(Body, Encoding.UTF8, "application/json"));
        Assert.Equal(await expected.Content.ReadAsStringAsync(), await answer.Content.ReadAsStringAsync());
        Assert.Equal(0, await blaze.ExitAsync());
        Assert.Contains("  requests     1: 1 ok\n", blaze.Error.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }
}
