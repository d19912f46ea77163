using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>The official OpenAI library reads a stream that goes on from another server, and its token counts, as one that was never interrupted.</summary>
public sealed class ContinuedStreamTests
{
    [Theory]
    [InlineData("rst=after:6", null)]
    [InlineData("fin=mid:9", null)]
    [InlineData("end=after:12", null)]
    [InlineData("rst=after:7", 20)]
    public async Task It_sees_no_seam(string cut, int? maxTokens)
    {
        await using var broken = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var other = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([broken.Address, other.Address], """{ "Continuation": { "Enabled": true } }"""));
        await TwoWays.AnsweringAsync(gateway);
        broken.SetFault($"{cut};count=1;path=/v1/chat");

        // In turn, so that one of two is sent to the server that breaks it off.
        var expected = await OpenAiCalls.ChatStreamAsync(other.Address, maxTokens: maxTokens);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(expected, await OpenAiCalls.ChatStreamAsync(gateway.Proxy.BaseAddress!, maxTokens: maxTokens));
        }

        Assert.Contains("blaze_stream_continuations_total{cluster=\"llm\",result=\"completed\"} 1", await gateway.Admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }
}
