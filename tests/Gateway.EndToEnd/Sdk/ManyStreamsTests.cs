using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Policies;
using OpenAI.Chat;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>Many users at once: every stream gets its own answer, whole.</summary>
public sealed class ManyStreamsTests
{
    private const int Streams = 100;

    [Fact]
    public async Task A_hundred_streams_that_are_open_at_once()
    {
        await using var ways = await TwoWays.StartAsync(new ModelServerHostOptions
        {
            Kind = ModelServerKinds.Generic,
            Engine = new EngineOptions { MaxRunning = Streams, DecodeRate = 1000 },
        });
        var open = 0;
        var allOpen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task OpenAsync()
        {
            if (Interlocked.Increment(ref open) == Streams)
            {
                allOpen.SetResult();
            }

            return allOpen.Task;
        }

        var through = await Task.WhenAll(Enumerable.Range(0, Streams).Select(user => AskAsync(ways.Through, user, OpenAsync)));
        var direct = await Task.WhenAll(Enumerable.Range(0, Streams).Select(user => AskAsync(ways.Direct, user, () => Task.CompletedTask)));

        Assert.Equal(direct, through);
        Assert.Equal(Streams, through.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(0, ways.Server.Stats.Cancelled);
        await ways.IdleAsync();
    }

    /// <summary>Reads the first part, waits for the others, reads the rest.</summary>
    private static async Task<string> AskAsync(Uri address, int user, Func<Task> openAsync)
    {
        var text = "";
        var finish = default(ChatFinishReason?);
        var isFirst = true;
        await foreach (var update in SdkClients.OpenAi(address).GetChatClient(SdkClients.Model).CompleteChatStreamingAsync($"Question {user}"))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish ??= update.FinishReason;
            if (isFirst)
            {
                isFirst = false;
                await openAsync();
            }
        }

        return $"{finish} {text}";
    }
}
