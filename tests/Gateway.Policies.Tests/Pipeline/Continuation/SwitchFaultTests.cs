using System.Text;
using System.Text.Json;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using static BlazeGateway.Policies.Tests.Pipeline.Continuation.ContinuationScene;

namespace BlazeGateway.Policies.Tests.Pipeline.Continuation;

/// <summary>What may go wrong between two destinations of one stream, and the places at which one may be cut.</summary>
public sealed class SwitchFaultTests
{
    /// <summary>Text as it stands in the events: letters of several bytes, escapes, and one in two events.</summary>
    private static readonly string[] Pieces = ["Ein ", "東", "😀 ", "\\u00e9\\n\\\"", "\\ud83d\\ude00", " end\\\\"];

    [Fact]
    public async Task Wherever_it_is_cut_nothing_is_lost_and_nothing_comes_twice()
    {
        await using var scene = await StartAsync();
        var whole = Encoding.UTF8.GetBytes(Role() + string.Concat(Pieces.Select(piece => Text(piece))) + Finish() + Done);
        var expected = string.Concat(Pieces.Select(Decoded));
        for (var cut = Role().Length; cut < whole.Length; cut += 47)
        {
            var (caller, first) = await scene.BeginAsync(Role());
            await using var _ = caller;
            var role = await caller.TextAsync(Role().Length);
            foreach (var part in whole.AsMemory(Role().Length, cut - Role().Length).ToArray().Chunk(61))
            {
                await first.ChunkAsync(part);
            }

            var isOver = cut >= whole.Length - Done.Length;
            first.Finish();
            if (!isOver)
            {
                var (second, _) = await scene.AskedAsync();
                await second.BeginEventsAsync();
                await second.ChunkAsync(Role("second") + string.Concat(Rest(await second.Body).Select(piece => Text(piece, "second"))) + Finish("second") + Done);
                await second.EndAsync();
            }

            var (isComplete, text) = await ContinuedStreamTests.EndAsync(caller);
            Assert.Equal((true, expected), (isComplete, ContinuedStreamTests.ContentOf(role + text)));
            Assert.EndsWith(Finish() + Done, text, StringComparison.Ordinal);
            Assert.DoesNotContain("second", text, StringComparison.Ordinal);
            await scene.Inner.RestAsync();
            Assert.Equal((Outcome.Ok, Pieces.Length), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.TokensOut));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("headers")]
    [InlineData("role")]
    [InlineData("half")]
    [InlineData("comment")]
    public async Task A_next_one_that_dies_as_well_is_passed_over(string when)
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"));
        await using var _ = caller;
        await caller.TextAsync((Role() + Text("1")).Length);
        first.Reset();
        var (second, _) = await scene.AskedAsync();
        if (when.Length > 0)
        {
            await second.BeginEventsAsync();
            await second.ChunkAsync(when switch { "role" => Role("second"), "half" => Text("lost", "second")[..20], "comment" => ": ping\n\n", _ => "\n" });
        }

        second.Finish();
        var third = await scene.NextAsync(Role("third") + Text("2", "third") + Finish("third") + Done);
        await third.EndAsync();
        Assert.Equal(await second.Body, await third.Body);
        var (isComplete, text) = await ContinuedStreamTests.EndAsync(caller);
        Assert.Equal((true, "2"), (isComplete, ContinuedStreamTests.ContentOf(text)));
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.Ok, 3, 2), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts, scene.Host.Records.Last.TokensOut));
        Assert.Equal(1, await scene.ContinuedAsync("completed"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_end_of_a_drain_ends_it(bool isWaiting)
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        if (isWaiting)
        {
            first.Reset();
            await scene.AskedAsync();
        }

        scene.Host.Get<DeadlineSweep>().ShutDown();
        var ending = await caller.EndAsync();
        Assert.False(ending.IsComplete);
        Assert.Contains("\"code\":\"gateway_shutdown\"", ending.Text, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.StreamBroken, "gateway_shutdown", isWaiting ? 2 : 1), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.ErrorCode, scene.Host.Records.Last.Attempts));
        Assert.DoesNotContain(scene.Inner.Destinations, one => one.HasWaiting);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task So_does_the_limit_of_the_whole_request(bool isWaiting)
    {
        await using var scene = await StartAsync(Route with { Timeouts = new() { Total = TimeSpan.FromSeconds(30) } });
        var (caller, first) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        if (isWaiting)
        {
            first.Reset();
            await scene.AskedAsync();
        }

        scene.Host.Time.Advance(TimeSpan.FromSeconds(31));
        var ending = await caller.EndAsync();
        Assert.False(ending.IsComplete);
        Assert.Contains("\"code\":\"upstream_timeout\"", ending.Text, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.StreamBroken, "upstream_timeout", isWaiting ? 2 : 1), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.ErrorCode, scene.Host.Records.Last.Attempts));
        Assert.Equal(1, await scene.ContinuedAsync("exhausted"));
    }

    /// <summary>A client that has text already waits no longer for it to go on than between two chunks, also where the next destination says nothing at all.</summary>
    [Fact]
    public async Task A_destination_that_is_silent_keeps_nobody_longer_than_a_stream_that_stands_still()
    {
        await using var scene = await StartAsync(Route with { Timeouts = new() { BetweenChunks = TimeSpan.FromSeconds(10) } });
        var (caller, first) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        first.Reset();
        var (silent, at) = await scene.AskedAsync();
        await Waiting.UntilAsync(
            () =>
            {
                scene.Host.Time.Advance(TimeSpan.FromSeconds(silent.Closed.IsCompleted ? 0 : 1));
                return silent.Closed.IsCompleted;
            },
            () => "It was not given up.");
        var (third, where) = await scene.AskedAsync();
        Assert.NotEqual(at, where);
        await third.BeginEventsAsync();
        await third.ChunkAsync(Text("2", "second") + Finish("second") + Done);
        await third.EndAsync();
        Assert.EndsWith(Done, (await caller.EndAsync()).Text, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.Ok, 3), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
    }

    [Fact]
    public async Task Counts_that_come_with_every_event_are_summed_in_every_event()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Counted("a", 10, 2) + Counted("b", 10, 5), "\"max_tokens\":9,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true},");
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Counted("c", 15, 1) + Counted("d", 15, 3));
        Assert.Contains("\"max_tokens\":4,", Encoding.UTF8.GetString(await second.Body), StringComparison.Ordinal);
        await second.ChunkAsync(Finish("second") + Usage(15, 4, "second") + Done);
        await second.EndAsync();
        var (_, text) = await ContinuedStreamTests.EndAsync(caller);
        Assert.Equal("abcd", ContinuedStreamTests.ContentOf(text));
        Assert.Contains(Counted("c", 10, 6) + Counted("d", 10, 8), text, StringComparison.Ordinal);
        Assert.EndsWith(Usage(10, 9) + Done, text, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal((10, 9), (scene.Host.Records.Last.TokensIn, scene.Host.Records.Last.TokensOut));
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public async Task The_last_token_may_have_been_the_one_it_broke_after(int most, bool isWhole)
    {
        await using var scene = await StartAsync();
        var events = Counted("a", 10, 5);
        var (caller, first) = await scene.BeginAsync(events, $"\"max_tokens\":{most},");
        await using var _ = caller;
        await caller.TextAsync(events.Length);
        first.Reset();
        if (!isWhole)
        {
            var second = await scene.NextAsync(Text("b", "second") + Finish("second", "length") + Done);
            await second.EndAsync();
        }

        var (isComplete, text) = await ContinuedStreamTests.EndAsync(caller);
        Assert.Equal((true, isWhole ? "" : "b"), (isComplete, ContinuedStreamTests.ContentOf(text)));
        Assert.EndsWith(Finish(reason: "length") + Done, text, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
    }

    /// <summary>An event that tells how many tokens there were until then, as vLLM's do on request.</summary>
    private static string Counted(string text, int prompt, int completion) =>
        Text(text)[..^3] + $$$""","usage":{"prompt_tokens":{{{prompt}}},"total_tokens":{{{prompt + completion}}},"completion_tokens":{{{completion}}}}}""" + "\n\n";

    private static string Decoded(string piece) => JsonSerializer.Deserialize<string>($"\"{piece}\"")!;

    /// <summary>The pieces a server goes on with that is given this body.</summary>
    private static IEnumerable<string> Rest(byte[] body)
    {
        using var json = JsonDocument.Parse(body);
        var messages = json.RootElement.GetProperty("messages");
        var text = messages.GetArrayLength() > 1 ? messages[1].GetProperty("content").GetString()! : "";
        var (at, count) = (0, 0);
        for (; at < text.Length; count++)
        {
            var piece = Decoded(Pieces[count]);
            Assert.Equal(piece, text.Substring(at, piece.Length));
            at += piece.Length;
        }

        return Pieces.Skip(count);
    }
}
