using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>The client takes no bytes of an answer, and leaves: of an error of the gateway's own, or of a destination's answer.</summary>
public sealed class BlockedAnswerTests(Scene scene) : IClassFixture<Scene>
{
    [Theory]
    [InlineData("stream")]
    [InlineData("connection")]
    [InlineData("close")]
    public async Task An_error_nobody_takes_holds_nothing(string what)
    {
        using var caller = await FrameCaller.ConnectAsync(scene.Host.Http2);
        scene.Sent++;
        await caller.PostAsync(Scene.Chat, "{"u8.ToArray());
        await caller.HeadersAsync();

        await LeaveAsync(caller, what);

        await scene.RestAsync();
        var record = scene.Host.Records.Last;
        Assert.Equal((Outcome.ClientError, 400, "malformed_json"), (record.Outcome, record.StatusCode, record.ErrorCode));
    }

    [Theory]
    [InlineData("stream")]
    [InlineData("connection")]
    [InlineData("close")]
    public async Task An_answer_that_cannot_be_written_is_given_up_with_the_client(string what)
    {
        using var caller = await FrameCaller.ConnectAsync(scene.Host.Http2);
        scene.Sent++;
        await caller.PostAsync(Scene.Chat, Scene.Body());
        var exchange = await scene.Destination.NextAsync();
        await exchange.BeginEventsAsync();
        await exchange.ChunkAsync(Scene.Event + ": " + new string('x', 512 * 1024) + "\n\n");
        await caller.HeadersAsync();

        await LeaveAsync(caller, what);

        await exchange.Closed.Soon();
        await scene.RestAsync();
        Assert.Equal(Outcome.ClientCanceled, scene.Host.Records.Last.Outcome);
    }

    private static async Task LeaveAsync(FrameCaller caller, string what)
    {
        switch (what)
        {
            case "stream":
                await caller.ResetStreamAsync();
                break;
            case "connection":
                caller.Reset();
                break;
            default:
                caller.Dispose();
                break;
        }
    }
}
