using System.Text;
using System.Text.Json;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using static BlazeGateway.Policies.Tests.Pipeline.Continuation.ContinuationScene;

namespace BlazeGateway.Policies.Tests.Pipeline.Continuation;

/// <summary>A stream whose destination breaks off in the middle goes on from another one, and the client reads one stream without a seam.</summary>
public sealed class ContinuedStreamTests
{
    /// <summary>What stands after the last whole event when the stream breaks.</summary>
    public static TheoryData<byte[]> Halves => [
        Array.Empty<byte>(),
        "d"u8.ToArray(),
        Encoding.UTF8.GetBytes(Text("lost")[..^2]),
        Encoding.UTF8.GetBytes(Text("lost")[..^1]),
        // In the middle of a character.
        (byte[])[.. Encoding.UTF8.GetBytes(Text("東")).TakeWhile(b => b != 0xE6), 0xE6, 0x9D],
        ": pi"u8.ToArray(),
    ];

    [Theory]
    [MemberData(nameof(Halves))]
    public async Task The_client_reads_one_stream_wherever_it_was_cut(byte[] half)
    {
        await using var scene = await StartAsync();
        foreach (var protocol in new[] { "HTTP/1.1", "HTTP/2" })
        {
            foreach (var isReset in new[] { true, false })
            {
                var (caller, first) = await scene.BeginAsync(Role() + Text("One, "), protocol: protocol);
                await using var _ = caller;
                Assert.Equal(Role() + Text("One, "), await caller.TextAsync((Role() + Text("One, ")).Length));
                if (half.Length > 0)
                {
                    await first.ChunkAsync(half);
                }

                Break(first, isReset);
                var second = await scene.NextAsync(Role("second") + Text("two", "second"));
                await second.ChunkAsync(Finish("second") + Done);
                await second.EndAsync();

                var ending = await caller.EndAsync();
                var expected = (Text("two", "second") + Finish("second")).Replace("second", "first", StringComparison.Ordinal).Replace("\"created\":2", "\"created\":1", StringComparison.Ordinal);
                Assert.Equal((true, expected + Done), (ending.IsComplete, ending.Text));
                await scene.Inner.RestAsync();
                var record = scene.Host.Records.Last;
                Assert.Equal((Outcome.Ok, 200, 2, 2), (record.Outcome, record.StatusCode, record.Attempts, record.TokensOut));
                Assert.Null(record.ErrorCode);
                Assert.True(record.ToFirstContent >= 0 && record.BeforeForward >= 0 && record.Generation >= 0);
            }
        }

        Assert.Equal(4, await scene.ContinuedAsync("completed"));
        Assert.Equal(4, await scene.Host.SumAsync("blaze_destination_requests_total{cluster=\"llm\",destination=\"d0\",result=\"error\"}")
            + await scene.Host.SumAsync("blaze_destination_requests_total{cluster=\"llm\",destination=\"d1\",result=\"error\"}")
            + await scene.Host.SumAsync("blaze_destination_requests_total{cluster=\"llm\",destination=\"d2\",result=\"error\"}"));
    }

    [Fact]
    public async Task The_next_destination_is_asked_to_go_on_with_the_text_so_far()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("a\\n\\\"") + Text("\\ud83d") + Text("\\ude00 東"), "\"max_tokens\":10,\"min_tokens\":2,\"max_completion_tokens\":20,\"seed\":7,\"stop\":[],\"tools\":null,");
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Finish("second") + Done);
        await second.EndAsync();
        Assert.True((await caller.EndAsync()).IsComplete);

        var sent = await second.Body;
        Assert.Equal(
            """{"continue_final_message":true,"add_generation_prompt":false,"model":"m","stream":true,"max_tokens":7,"min_tokens":0,"max_completion_tokens":17,"seed":7,"stop":[],"tools":null,"""
            + "\"messages\":" + """[{"role":"user","content":"Hello"},{"role":"assistant","content":"a\n\"\ud83d\ude00 東"}]}""",
            Encoding.UTF8.GetString(sent));
        using var json = JsonDocument.Parse(sent);
        Assert.Equal("a\n\"😀 東", json.RootElement.GetProperty("messages")[1].GetProperty("content").GetString());
        Assert.Contains($"Content-Length: {sent.Length}", second.Head, StringComparison.OrdinalIgnoreCase);
        await scene.Inner.RestAsync();
    }

    [Theory]
    [InlineData("sglang", true)]
    [InlineData("tgi", false)]
    [InlineData("llamacpp", false)]
    public async Task A_server_that_goes_on_by_itself_is_told_nothing_more(string kind, bool isTold)
    {
        await using var scene = await StartAsync(cluster: Cluster with { ModelServer = new() { Kind = kind } });
        var (caller, first) = await scene.BeginAsync(Text("a"), "\"add_generation_prompt\":true,");
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Finish("second") + Done);
        await second.EndAsync();
        Assert.True((await caller.EndAsync()).IsComplete);
        var sent = Encoding.UTF8.GetString(await second.Body);
        Assert.Equal(isTold, sent.StartsWith("""{"continue_final_message":true,"model":""", StringComparison.Ordinal));
        Assert.Contains(isTold ? "\"add_generation_prompt\":false" : "\"add_generation_prompt\":true", sent, StringComparison.Ordinal);
        Assert.EndsWith(""",{"role":"assistant","content":"a"}]}""", sent, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
    }

    [Fact]
    public async Task A_completion_goes_on_with_a_longer_prompt()
    {
        await using var scene = await StartAsync();
        static string Event(string text, string finish = "null") =>
            $$"""data: {"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"{{text}}","logprobs":null,"finish_reason":{{finish}}}]}""" + "\n\n";
        var (caller, first) = await scene.BeginAsync(Event("one "), body: """{"model":"m","prompt":"Count: ","stream":true,"max_tokens":5}"""u8.ToArray(), path: "/v1/completions");
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Event("two") + Event("", "\"stop\"") + Done);
        await second.EndAsync();
        Assert.Equal((true, Event("one ") + Event("two") + Event("", "\"stop\"") + Done), await EndAsync(caller));
        Assert.Equal("""{"model":"m","prompt":"Count: one ","stream":true,"max_tokens":4}""", Encoding.UTF8.GetString(await second.Body));
        await scene.Inner.RestAsync();
    }

    [Fact]
    public async Task Token_counts_are_those_of_one_stream()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("a") + Text("b"), "\"stream_options\":{\"include_usage\":true},");
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Role("second") + Text("c", "second") + Finish("second") + Usage(12, 1, "second") + Done);
        await second.EndAsync();
        var ending = await caller.EndAsync();
        Assert.EndsWith(Usage(10, 3) + Done, ending.Text, StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal((10, 3), (scene.Host.Records.Last.TokensIn, scene.Host.Records.Last.TokensOut));
    }

    [Fact]
    public async Task Token_counts_the_gateway_asked_for_stay_its_own()
    {
        await using var scene = await StartAsync(Route with { Response = new() { MeterUsage = true } });
        var (caller, first) = await scene.BeginAsync(Role() + Text("a"));
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Text("c", "second") + Finish("second") + Usage(11, 1, "second") + Done);
        await second.EndAsync();
        Assert.DoesNotContain("usage", (await caller.EndAsync()).Text, StringComparison.Ordinal);
        Assert.Contains("\"include_usage\":true", Encoding.UTF8.GetString(await second.Body), StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal((10, 2), (scene.Host.Records.Last.TokensIn, scene.Host.Records.Last.TokensOut));
    }

    [Fact]
    public async Task A_second_break_is_continued_as_well()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"), "\"max_tokens\":9,");
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Role("second") + Text("2", "second") + Text("lost", "second")[..^1]);
        second.Reset();
        var third = await scene.NextAsync(Role("third") + Text("3", "third") + Finish("third") + Done);
        await third.EndAsync();
        var (isComplete, text) = await EndAsync(caller);
        Assert.Equal((true, "123"), (isComplete, ContentOf(text)));
        Assert.DoesNotContain("second", text, StringComparison.Ordinal);
        Assert.DoesNotContain("third", text, StringComparison.Ordinal);
        Assert.Contains("\"max_tokens\":7", Encoding.UTF8.GetString(await third.Body), StringComparison.Ordinal);
        Assert.EndsWith(""",{"role":"assistant","content":"12"}]}""", Encoding.UTF8.GetString(await third.Body), StringComparison.Ordinal);
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.Ok, 3, 3), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts, scene.Host.Records.Last.TokensOut));
        Assert.Equal(1, await scene.ContinuedAsync("completed"));
    }

    [Fact]
    public async Task A_destination_that_is_busy_is_passed_over()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        first.Reset();
        var (busy, _) = await scene.AskedAsync();
        await busy.AnswerAsync("{}", status: "503 Service Unavailable");
        var third = await scene.NextAsync(Text("2", "third") + Finish("third") + Done);
        await third.EndAsync();
        Assert.Equal("12", ContentOf((await caller.EndAsync()).Text));
        Assert.Equal(await busy.Body, await third.Body);
        await scene.Inner.RestAsync();
    }

    [Fact]
    public async Task A_stream_that_stands_still_goes_on_elsewhere()
    {
        await using var scene = await StartAsync(Route with { Timeouts = new() { BetweenChunks = TimeSpan.FromSeconds(10) } });
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"));
        await using var _ = caller;
        await caller.TextAsync((Role() + Text("1")).Length);

        // The wait for the next event begins a moment after the client has the last one; by small steps, which the second stream outlasts.
        await Waiting.UntilAsync(
            () =>
            {
                scene.Host.Time.Advance(TimeSpan.FromSeconds(first.Closed.IsCompleted ? 0 : 1));
                return first.Closed.IsCompleted;
            },
            () => "It was not given up.");
        var second = await scene.NextAsync(Text("2", "second") + Finish("second") + Done);
        await second.EndAsync();
        Assert.Equal("2", ContentOf((await caller.EndAsync()).Text));
        await first.Closed.Soon();
        await scene.Inner.RestAsync();
        Assert.Equal(Outcome.Ok, scene.Host.Records.Last.Outcome);
    }

    [Fact]
    public async Task A_stream_that_ends_in_good_order_without_saying_why_was_cut()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"));
        await using var _ = caller;
        await first.EndAsync();
        var second = await scene.NextAsync(Text("2", "second") + Finish("second") + Done);
        await second.EndAsync();
        Assert.Equal("12", ContentOf((await caller.EndAsync()).Text));
        await scene.Inner.RestAsync();
        Assert.Equal(1, await scene.ContinuedAsync("completed"));
    }

    [Fact]
    public async Task What_is_reconfigured_meanwhile_changes_nothing()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"));
        await using var _ = caller;
        await caller.TextAsync((Role() + Text("1")).Length);
        var cluster = ExtensionsCarrier.Attach(WireHost.Cluster("llm", [.. scene.Inner.Destinations.Select(one => one.Address)]) with { LoadBalancingPolicy = "Random" }, Cluster);
        scene.Host.Update([WireHost.Route("all", new() { Inference = true })], [cluster]);
        await Waiting.UntilAsync(() => scene.Host.Cluster("llm").Model.Config.LoadBalancingPolicy == "Random", () => "not reconfigured");
        first.Reset();
        var second = await scene.NextAsync(Text("2", "second") + Finish("second") + Done);
        await second.EndAsync();
        Assert.Equal("2", ContentOf((await caller.EndAsync()).Text));
        await scene.Inner.RestAsync();
    }

    internal static async Task<(bool IsComplete, string Text)> EndAsync(Caller caller)
    {
        var ending = await caller.EndAsync();
        return (ending.IsComplete, ending.Text);
    }

    internal static string ContentOf(string events)
    {
        var text = new StringBuilder();
        foreach (var line in events.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)))
        {
            using var json = JsonDocument.Parse(line[6..]);
            if (json.RootElement.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0 && choices[0].GetProperty("delta").TryGetProperty("content", out var content))
            {
                text.Append(content.GetString());
            }
        }

        return text.ToString();
    }

    private static void Break(Exchange exchange, bool isReset)
    {
        if (isReset)
        {
            exchange.Reset();
        }
        else
        {
            exchange.Finish();
        }
    }
}
