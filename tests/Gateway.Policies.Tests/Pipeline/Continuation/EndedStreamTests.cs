using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using static BlazeGateway.Policies.Tests.Pipeline.Continuation.ContinuationScene;

namespace BlazeGateway.Policies.Tests.Pipeline.Continuation;

/// <summary>Streams that are not continued, or are not any further: the client is told so, once, and nothing is left behind.</summary>
public sealed class EndedStreamTests
{
    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task A_destination_that_will_not_go_on_ends_it(string protocol)
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("1"), protocol: protocol);
        await using var _ = caller;
        await caller.TextAsync((Role() + Text("1")).Length);
        await first.ChunkAsync("data: {\"half");
        first.Reset();
        var (second, _) = await scene.AskedAsync();
        await second.AnswerAsync("""{"error":{"message":"no prefill"}}""", status: "400 Bad Request");
        await AssertErrorAsync(scene, caller, "refused");
        Assert.Equal(2, scene.Host.Records.Last.Attempts);
    }

    [Fact]
    public async Task So_does_one_that_answers_with_a_document_or_an_error()
    {
        await using var scene = await StartAsync();
        foreach (var answer in new Func<Exchange, Task>[]
        {
            exchange => exchange.AnswerAsync(FailoverScene.Answer),
            async exchange =>
            {
                await exchange.BeginEventsAsync();
                await exchange.ChunkAsync("""data: {"error":{"message":"bad","type":"invalid_request_error","code":400}}""" + "\n\n");
                await exchange.EndAsync();
            },
        })
        {
            var (caller, first) = await scene.BeginAsync(Text("1"));
            await using var _ = caller;
            await caller.TextAsync(Text("1").Length);
            first.Reset();
            await answer((await scene.AskedAsync()).Exchange);
            var ending = await caller.EndAsync();
            Assert.Equal((false, Error), (ending.IsComplete, ending.Text));
            await scene.Inner.RestAsync();
        }

        Assert.Equal(2, await scene.ContinuedAsync("refused"));
    }

    [Fact]
    public async Task Nothing_is_sent_again_when_the_budget_is_used_up()
    {
        await using var scene = await StartAsync(cluster: Cluster with { RetryBudget = new() { Ratio = 0, PerSecond = 0 } });
        var (caller, first) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        first.Reset();
        await AssertErrorAsync(scene, caller, "budget");
        Assert.DoesNotContain(scene.Inner.Destinations, one => one.HasWaiting);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    public async Task No_more_destinations_are_asked_than_the_route_says(int most, int asked)
    {
        await using var scene = await StartAsync(Route with { Retry = new() { MaxAttempts = most } }, destinations: 4);
        var (caller, exchange) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        for (var i = 1; i < asked; i++)
        {
            exchange.Reset();
            exchange = await scene.NextAsync(Text("x"));
            await caller.TextAsync(Text("x").Length);
        }

        exchange.Reset();
        await AssertErrorAsync(scene, caller, "exhausted");
        Assert.Equal(asked, scene.Host.Records.Last.Attempts);
    }

    [Fact]
    public async Task Nor_more_than_there_are()
    {
        await using var scene = await StartAsync(destinations: 1);
        var (caller, first) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        first.Reset();
        await AssertErrorAsync(scene, caller, "exhausted");
    }

    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task A_client_may_leave_during_the_switch(string protocol)
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Text("1"), protocol: protocol);
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        first.Reset();
        var (second, _) = await scene.AskedAsync();
        await caller.LeaveAsync();
        await second.Closed.Soon();
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.ClientCanceled, 2), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
        Assert.Equal(1, await scene.ContinuedAsync("abandoned"));
    }

    [Fact]
    public async Task Or_while_the_next_destination_goes_on()
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        first.Reset();
        var second = await scene.NextAsync(Text("2"));
        await caller.TextAsync(Text("2").Length);
        await caller.LeaveAsync();
        await second.Closed.Soon();
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.ClientCanceled, 2), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.TokensOut));
    }

    [Theory]
    [InlineData(1023, true)]
    [InlineData(1024, true)]
    [InlineData(1025, false)]
    public async Task Text_beyond_the_limit_is_not_kept(int bytes, bool isContinued)
    {
        await using var scene = await StartAsync(Route with { Continuation = new() { Enabled = true, MaxTextBytes = 1024 } });
        var events = Text(new string('x', 1000)) + Text(new string('y', bytes - 1000));
        var (caller, first) = await scene.BeginAsync(events);
        await using var _ = caller;
        await caller.TextAsync(events.Length);
        if (!isContinued)
        {
            await Waiting.UntilAsync(() => scene.Host.Get<BlazeGateway.Policies.Pipeline.Body.BodyBudget>().Reserved == 0, () => "The request is still held.");
        }

        first.Reset();
        if (isContinued)
        {
            var second = await scene.NextAsync(Finish("second") + Done);
            await second.EndAsync();
            Assert.True((await caller.EndAsync()).IsComplete);
        }
        else
        {
            Assert.Equal((false, Error), await ContinuedStreamTests.EndAsync(caller));
        }

        await scene.Inner.RestAsync();
    }

    [Theory]
    [InlineData("\"tools\":[{\"type\":\"function\"}],")]
    [InlineData("\"tool_choice\":\"auto\",")]
    [InlineData("\"functions\":[{}],")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"},")]
    [InlineData("\"guided_json\":{\"type\":\"object\"},")]
    [InlineData("\"structured_outputs\":{\"regex\":\"a\"},")]
    [InlineData("\"n\":2,")]
    [InlineData("\"best_of\":2,")]
    [InlineData("\"logprobs\":true,")]
    [InlineData("\"top_logprobs\":1,")]
    [InlineData("\"echo\":true,")]
    [InlineData("\"stop\":\"END\",")]
    [InlineData("\"stop\":[\"END\"],")]
    [InlineData("\"store\":true,")]
    [InlineData("\"add_generation_prompt\":false,")]
    [InlineData("\"continue_final_message\":true,")]
    public async Task A_request_whose_answer_is_more_than_text_is_not_continued(string more)
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Text("1"), more);
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        first.Reset();
        Assert.Equal((false, Error), await ContinuedStreamTests.EndAsync(caller));
        await AssertNotContinuedAsync(scene);
    }

    [Theory]
    [InlineData("\"response_format\":{\"type\":\"text\"},")]
    [InlineData("\"tool_choice\":\"none\",\"tools\":[],\"logprobs\":false,\"n\":1,\"stop\":null,")]
    [InlineData("\"temperature\":0.5,\"top_k\":1,\"stop_token_ids\":[1],\"metadata\":{\"stop\":\"x\"},")]
    public async Task What_asks_for_nothing_more_than_text_is(string more)
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Text("1"), more);
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Finish("second") + Done);
        await second.EndAsync();
        Assert.True((await caller.EndAsync()).IsComplete);
        await scene.Inner.RestAsync();
    }

    [Theory]
    [InlineData("\"tool_calls\":[{\"index\":0,\"id\":\"c\"}]")]
    [InlineData("\"reasoning_content\":\"hm\"")]
    [InlineData("\"reasoning\":\"hm\"")]
    [InlineData("\"refusal\":\"no\"")]
    public async Task Nor_is_an_answer_that_turns_out_to_be_more_than_text(string delta)
    {
        await using var scene = await StartAsync();
        var events = Text("1").Replace("\"content\":\"1\"", delta, StringComparison.Ordinal);
        var (caller, first) = await scene.BeginAsync(events);
        await using var _ = caller;
        await caller.TextAsync(events.Length);
        first.Reset();
        Assert.Equal((false, Error), await ContinuedStreamTests.EndAsync(caller));
        await AssertNotContinuedAsync(scene);
    }

    [Theory]
    [InlineData("generic")]
    [InlineData("ollama")]
    [InlineData("openai")]
    public async Task Nor_one_of_a_server_that_cannot(string kind)
    {
        await using var scene = await StartAsync(cluster: Cluster with { ModelServer = new() { Kind = kind } });
        var (caller, first) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        first.Reset();
        Assert.Equal((false, Error), await ContinuedStreamTests.EndAsync(caller));
        await AssertNotContinuedAsync(scene);
    }

    [Theory]
    [InlineData(2, "2")]
    [InlineData(3, null)]
    public async Task When_all_tokens_are_used_up_the_stream_ends_by_its_length(int most, string? end)
    {
        await using var scene = await StartAsync();
        var events = Role() + Text("1") + Text("2");
        var (caller, first) = await scene.BeginAsync(events, $"\"max_tokens\":{most},");
        await using var _ = caller;
        await caller.TextAsync(events.Length);
        first.Reset();
        if (end is null)
        {
            var second = await scene.NextAsync(Text("3", "second") + Finish("second") + Done);
            await second.EndAsync();
            Assert.Contains("\"max_tokens\":1,", Encoding.UTF8.GetString(await second.Body), StringComparison.Ordinal);
            Assert.True((await caller.EndAsync()).IsComplete);
        }
        else
        {
            Assert.Equal((true, Finish(reason: "length") + Done), await ContinuedStreamTests.EndAsync(caller));
        }

        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.Ok, end is null ? 2 : 1), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
        Assert.Equal(1, await scene.ContinuedAsync("completed"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(Done)]
    public async Task A_stream_that_broke_off_after_its_text_needs_nobody(string done)
    {
        await using var scene = await StartAsync();
        var events = Role() + Text("1") + Finish() + done;
        var (caller, first) = await scene.BeginAsync(events);
        await using var _ = caller;
        await caller.TextAsync(events.Length);
        first.Reset();
        Assert.Equal((true, done.Length == 0 ? Done : ""), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.Ok, 1), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
    }

    [Fact]
    public async Task Without_the_option_nothing_is_kept_of_a_stream()
    {
        await using var scene = await StartAsync(new() { Inference = true });
        var (caller, first) = await scene.BeginAsync(Text("1"));
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        await Waiting.UntilAsync(() => scene.Host.Get<BlazeGateway.Policies.Pipeline.Body.BodyBudget>().Reserved == 0, () => "The request is still held.");
        first.Reset();
        Assert.Equal((false, Error), await ContinuedStreamTests.EndAsync(caller));
        await AssertNotContinuedAsync(scene);
    }

    private static async Task AssertErrorAsync(ContinuationScene scene, Caller caller, string result)
    {
        var ending = await caller.EndAsync();
        Assert.False(ending.IsComplete);
        Assert.True(ending.Text == Error || (ending.Text.Length == 0 && caller is Http2Caller), ending.Text);
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.StreamBroken, "upstream_reset"), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.ErrorCode));
        Assert.Equal(1, await scene.ContinuedAsync(result));
    }

    private static async Task AssertNotContinuedAsync(ContinuationScene scene)
    {
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.StreamBroken, 1), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
        Assert.Equal(0, await scene.Host.SumAsync("blaze_stream_continuations_total"));
    }
}
