using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using static BlazeGateway.Policies.Tests.Pipeline.Continuation.ContinuationScene;

namespace BlazeGateway.Policies.Tests.Pipeline.Continuation;

/// <summary>What model servers say besides text, and what none of them should say.</summary>
public sealed class OddStreamTests
{
    [Theory]
    [InlineData("\"finish_reason\":\"\"")]
    [InlineData("\"matched_stop\":null,\"finish_reason\":\"\"")]
    public async Task An_empty_reason_is_no_end(string reason)
    {
        string Empty(string text) => text.Replace("\"finish_reason\":null", reason, StringComparison.Ordinal);
        await using var scene = await StartAsync(cluster: Cluster with { ModelServer = new() { Kind = "sglang", Models = ["m"] } });
        foreach (var isReset in new[] { true, false })
        {
            var (caller, first) = await scene.BeginAsync(Empty(Role() + Text("1")));
            await using var _ = caller;
            await caller.TextAsync(Empty(Role() + Text("1")).Length);
            await (isReset ? ResetAsync(first) : first.EndAsync());
            var second = await scene.NextAsync(Empty(Role("second") + Text("2", "second")) + Finish("second") + Done);
            await second.EndAsync();
            var (isComplete, text) = await ContinuedStreamTests.EndAsync(caller);
            Assert.Equal((true, "2"), (isComplete, ContinuedStreamTests.ContentOf(text)));
            await scene.Inner.RestAsync();
        }

        static Task ResetAsync(Exchange exchange)
        {
            exchange.Reset();
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("\"role\":null,\"content\":\"2\"")]
    [InlineData("\"role\":\"\",\"content\":\"2\"")]
    public async Task A_role_that_is_null_is_none(string delta)
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"));
        await using var _ = caller;
        await caller.TextAsync((Role() + Text("1")).Length);
        first.Reset();
        var text = Text("2").Replace("\"content\":\"2\"", delta, StringComparison.Ordinal);
        var second = await scene.NextAsync(text + Finish() + Done);
        await second.EndAsync();
        Assert.Equal((true, text + Finish() + Done), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
    }

    [Fact]
    public async Task A_name_that_is_no_text_ends_nothing()
    {
        await using var scene = await StartAsync();
        var odd = Text("1").Replace("\"object\"", "\"\\ud800\"", StringComparison.Ordinal);
        var (caller, first) = await scene.BeginAsync(odd + Finish() + Done);
        await using var _ = caller;
        await first.EndAsync();
        Assert.Equal((true, odd + Finish() + Done), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
    }

    [Fact]
    public async Task Token_counts_with_the_role_are_passed_on_without_it()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"));
        await using var _ = caller;
        await caller.TextAsync((Role() + Text("1")).Length);
        first.Reset();
        var second = await scene.NextAsync(Counted(Role("second"), 11, 0) + Counted(Text("2", "second"), 11, 1) + Finish("second") + Done);
        await second.EndAsync();
        var role = Counted(Role(), 10, 1).Replace("\"role\":\"assistant\",\"content\":\"\"", "", StringComparison.Ordinal);
        Assert.Equal((true, role + Counted(Text("2"), 10, 2) + Finish() + Done), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
    }

    [Theory]
    [InlineData(int.MaxValue, "", 1)]
    [InlineData(-7, "", 1)]
    [InlineData((1 << 24) + 1, "", 1)]
    [InlineData(1 << 24, "", 1 << 24)]
    [InlineData(20, "\"max_tokens\":20,", 20)]
    [InlineData(21, "\"max_tokens\":20,", 1)]
    public async Task A_count_that_cannot_be_is_not_believed(int told, string more, int believed)
    {
        await using var scene = await StartAsync();
        var events = Counted(Role() + Text("1"), 10, told);
        var (caller, first) = await scene.BeginAsync(events, more);
        await using var _ = caller;
        await caller.TextAsync(events.Length);
        first.Reset();
        if (believed == 20)
        {
            Assert.Equal((true, Finish(reason: "length") + Done), await ContinuedStreamTests.EndAsync(caller));
            await scene.Inner.RestAsync();
            return;
        }

        var second = await scene.NextAsync(Text("2", "second") + Finish("second") + Usage(12, 5, "second") + Done);
        await second.EndAsync();
        Assert.EndsWith(Usage(10, believed + 5) + Done, (await caller.EndAsync()).Text, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal(believed + 5, scene.Host.Records.Last.TokensOut);
    }

    [Fact]
    public async Task A_sum_beyond_every_number_is_written_as_it_is()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"));
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Text("2", "second") + Finish("second") + Counted(Text("", "second"), 5, int.MaxValue) + Done);
        await second.EndAsync();
        Assert.Contains("\"completion_tokens\":2147483648}", (await caller.EndAsync()).Text, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal(int.MaxValue, scene.Host.Records.Last.TokensOut);
    }

    [Theory]
    [InlineData(": keep-alive\n", "")]
    [InlineData(": keep-", "alive\n")]
    [InlineData(": keep-alive\r", "")]
    [InlineData(": keep-alive\r\n: and on\r\n", "")]
    public async Task A_comment_does_not_wait_for_an_event(string comment, string rest)
    {
        await using var scene = await StartAsync();
        var (caller, exchange) = await scene.BeginAsync(Role());
        await using var _ = caller;
        await caller.TextAsync(Role().Length);
        foreach (var id in new[] { "first", "second" })
        {
            await exchange.ChunkAsync(comment);
            if (rest.Length > 0)
            {
                await exchange.ChunkAsync(rest);
            }

            Assert.Equal(comment + rest, await caller.TextAsync((comment + rest).Length));
            await exchange.ChunkAsync("\n" + Text(id, id));
            Assert.Contains($"\"content\":\"{id}\"", await caller.TextAsync(("\n" + Text(id)).Length), StringComparison.Ordinal);
            if (id == "first")
            {
                exchange.Reset();
                exchange = await scene.NextAsync("");
            }
        }

        await exchange.ChunkAsync(Finish("second") + Done);
        await exchange.EndAsync();
        Assert.Equal((true, Finish() + Done), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_whole_stream_with_an_event_too_long_to_hold_has_one_end(bool isContinued)
    {
        await using var scene = await StartAsync();
        var (caller, exchange) = await scene.BeginAsync(Role() + Text("1"));
        await using var _ = caller;
        await caller.TextAsync((Role() + Text("1")).Length);
        if (isContinued)
        {
            exchange.Reset();
            exchange = await scene.NextAsync(Role("second"));
        }

        var end = caller.EndAsync();
        await exchange.ChunkAsync(Text(new string('x', 1100 * 1024)));
        await exchange.ChunkAsync(Text("2", "second") + Finish("second") + Done);
        await exchange.EndAsync();
        var ending = await end;
        var id = isContinued ? "first" : "second";
        var last = (Text("2", "second") + Finish("second")).Replace("second", id, StringComparison.Ordinal).Replace("\"created\":2", isContinued ? "\"created\":1" : "\"created\":2", StringComparison.Ordinal);
        Assert.True(ending.IsComplete);
        Assert.EndsWith("x" + Text("@").Split('@')[1] + last + Done, ending.Text, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal(Outcome.Ok, scene.Host.Records.Last.Outcome);
    }

    [Fact]
    public async Task An_unfinished_event_is_held_on_the_account_of_bodies()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role());
        await using var _ = caller;
        await caller.TextAsync(Role().Length);
        var budget = scene.Host.Get<BodyBudget>();
        var before = budget.Reserved;
        var text = Text(new string('x', 100 * 1024));
        await first.ChunkAsync(text[..^3]);
        await Waiting.UntilAsync(() => budget.Reserved - before >= text.Length - 3, () => $"{budget.Reserved} bytes are reserved.");
        await first.ChunkAsync(text[^3..] + Finish() + Done);
        await first.EndAsync();
        Assert.True((await caller.EndAsync()).IsComplete);
        await scene.Inner.RestAsync();
    }

    [Fact]
    public async Task Without_room_for_it_the_event_is_passed_on_as_it_comes()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role());
        await using var _ = caller;
        await caller.TextAsync(Role().Length);
        var budget = scene.Host.Get<BodyBudget>();
        var taken = budget.Limit - budget.Reserved - 1000;
        Assert.True(budget.TryReserve(taken));
        await first.ChunkAsync(Text("1")[..20]);
        Assert.Equal(Text("1")[..20], await caller.TextAsync(20));
        await first.ChunkAsync(Text("1")[20..] + Finish() + Done);
        await first.EndAsync();
        Assert.Equal((true, Text("1")[20..] + Finish() + Done), await ContinuedStreamTests.EndAsync(caller));
        budget.Release(taken);
        await scene.Inner.RestAsync();
    }

    [Fact]
    public async Task What_was_held_for_one_switch_is_not_for_the_next()
    {
        await using var scene = await StartAsync();
        const int Padding = 200_000;
        var (caller, exchange) = await scene.BeginAsync(Text("1"), $"\"metadata\":{{\"a\":\"{new string('x', Padding)}\"}},");
        await using var _ = caller;
        for (var i = 0; i < 2; i++)
        {
            exchange.Reset();
            exchange = await scene.NextAsync(Text("x"));
            await caller.TextAsync(Text("x").Length);
        }

        Assert.InRange(scene.Host.Get<BodyBudget>().Reserved, 2 * Padding, (5 * Padding) / 2);
        await exchange.ChunkAsync(Finish() + Done);
        await exchange.EndAsync();
        Assert.True((await caller.EndAsync()).IsComplete);
        await scene.Inner.RestAsync();
    }

    /// <summary>Events with token counts, as vLLM's have them on request.</summary>
    private static string Counted(string events, int prompt, int completion) =>
        events.Replace("}]}\n\n", $$$"""}],"usage":{"prompt_tokens":{{{prompt}}},"total_tokens":{{{prompt + (long)completion}}},"completion_tokens":{{{completion}}}}}""" + "\n\n", StringComparison.Ordinal);
}
