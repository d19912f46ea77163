using OpenAI.Chat;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>A user who gives up stops the model server, wherever the answer is.</summary>
public sealed class CancelTests
{
    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("messages")]
    public async Task In_the_middle_of_a_stream(string path)
    {
        await using var ways = await TwoWays.StartEndlessAsync();
        var got = 0;
        void Take()
        {
            if (++got == 10)
            {
                throw new GivenUpException();
            }
        }

        await Assert.ThrowsAsync<GivenUpException>(() => path switch
        {
            "chat" => OpenAiCalls.ChatStreamAsync(ways.Through, onUpdate: Take),
            "responses" => OpenAiCalls.ResponseStreamAsync(ways.Through, onUpdate: Take),
            _ => AnthropicCalls.StreamAsync(ways.Through, maxTokens: 60_000, onEvent: Take),
        });

        await AssertStoppedAsync(ways);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_nothing_came_yet(bool isStream)
    {
        await using var ways = await TwoWays.StartEndlessAsync();
        ways.Server.SetFault("hang=head;path=/v1/chat");
        using var giveUp = new CancellationTokenSource();
        var chat = SdkClients.OpenAi(ways.Through).GetChatClient(SdkClients.Model);
        var call = isStream ? StreamAsync(chat, giveUp.Token) : chat.CompleteChatAsync([new UserChatMessage("Hello")], cancellationToken: giveUp.Token);
        await TwoWays.UntilAsync(() => ways.Server.Stats.Recent.Length == 1);
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await AssertStoppedAsync(ways);
    }

    [Fact]
    public async Task While_an_answer_in_one_piece_is_generated()
    {
        await using var ways = await TwoWays.StartEndlessAsync();
        using var giveUp = new CancellationTokenSource();
        var call = SdkClients.OpenAi(ways.Through).GetChatClient(SdkClients.Model)
            .CompleteChatAsync([new UserChatMessage("Hello")], cancellationToken: giveUp.Token);
        await TwoWays.UntilAsync(() => ways.Server.Engine.Running == 1);
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await AssertStoppedAsync(ways);
    }

    private static async Task StreamAsync(ChatClient chat, CancellationToken giveUp)
    {
        await foreach (var update in chat.CompleteChatStreamingAsync([new UserChatMessage("Hello")], cancellationToken: giveUp))
        {
            Assert.Fail($"The server is silent, yet the user got {update.CompletionId}.");
        }
    }

    private static async Task AssertStoppedAsync(TwoWays ways)
    {
        await ways.IdleAsync();
        await TwoWays.UntilAsync(() => ways.Server.Engine.Running == 0);
        Assert.Equal(1, ways.Server.Stats.Cancelled);
    }

    private sealed class GivenUpException : Exception;
}
