using System.Text;
using BlazeGateway.Policies.Pipeline;
using static BlazeGateway.Policies.Tests.Pipeline.Continuation.ContinuationScene;

namespace BlazeGateway.Policies.Tests.Pipeline.Continuation;

/// <summary>Requests that are good and unusual: none fails because its route has streams continued, and none is continued that must not be.</summary>
public sealed class OddRequestTests
{
    [Theory]
    [InlineData("\"metadata\":{},")]
    [InlineData("\"logit_bias\":{},")]
    [InlineData("\"response_format\":{},")]
    [InlineData("\"guided_json\":{},")]
    [InlineData("\"x\":{\"type\":{}},\"y\":{\"type\":[]},\"z\":[{}],\"metadata\":{\"a\":1},")]
    public async Task An_empty_object_asks_for_nothing(string more)
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Text("1"), more);
        await using var _ = caller;
        Assert.Equal((200, null), (caller.Status, caller.Header("X-Blaze-Error")));
        first.Reset();
        var second = await scene.NextAsync(Text("2", "second") + Finish("second") + Done);
        await second.EndAsync();
        Assert.Equal("12", ContinuedStreamTests.ContentOf((await caller.EndAsync()).Text));
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.Ok, 2), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
    }

    [Theory]
    [InlineData("\"response_format\":{\"type\":{}},")]
    [InlineData("\"response_format\":{\"type\":\"text\",\"x\":{}},")]
    public async Task What_cannot_be_read_is_served_as_without_the_option(string more)
    {
        await using var scene = await StartAsync();
        var (caller, first) = await scene.BeginAsync(Role() + Text("1") + Finish() + Done, more);
        await using var _ = caller;
        await first.EndAsync();
        Assert.Equal((true, Role() + Text("1") + Finish() + Done), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.Ok, 200, 1), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.StatusCode, scene.Host.Records.Last.Attempts));
    }

    [Theory]
    [InlineData("\"max_tokens\":-1,", "\"max_tokens\":-1,")]
    [InlineData("\"n_predict\":-2,", "\"n_predict\":-2,")]
    [InlineData("\"max_tokens\":-1,\"n_predict\":10,", "\"max_tokens\":-1,\"n_predict\":8,")]
    [InlineData("\"n_predict\":10,\"min_tokens\":-1,", "\"n_predict\":8,\"min_tokens\":-1,")]
    public async Task Less_than_no_token_is_no_limit(string more, string sent)
    {
        await using var scene = await StartAsync(cluster: Cluster with { ModelServer = new() { Kind = "llamacpp", Models = ["m"] } });
        var (caller, first) = await scene.BeginAsync(Role() + Text("1") + Text("2"), more);
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Text("3", "second") + Finish("second") + Done);
        Assert.Contains(sent, Encoding.UTF8.GetString(await second.Body), StringComparison.Ordinal);
        await second.EndAsync();
        Assert.Equal("123", ContinuedStreamTests.ContentOf((await caller.EndAsync()).Text));
        await scene.Inner.RestAsync();
        Assert.Equal(2, scene.Host.Records.Last.Attempts);
    }

    [Fact]
    public async Task Nobody_is_asked_once_what_may_be_predicted_is()
    {
        await using var scene = await StartAsync(cluster: Cluster with { ModelServer = new() { Kind = "llamacpp", Models = ["m"] } });
        var events = Role() + Text("1") + Text("2");
        var (caller, first) = await scene.BeginAsync(events, "\"n_predict\":2,");
        await using var _ = caller;
        await caller.TextAsync(events.Length);
        first.Reset();
        Assert.Equal((true, Finish(reason: "length") + Done), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
        Assert.Equal(1, scene.Host.Records.Last.Attempts);
    }

    [Theory]
    [InlineData("vllm")]
    [InlineData("sglang")]
    [InlineData("tgi")]
    [InlineData("llamacpp")]
    public async Task An_answer_the_client_has_begun_itself_is_not_continued(string kind)
    {
        await using var scene = await StartAsync(cluster: Cluster with { ModelServer = new() { Kind = kind, Models = ["m"] } });
        var body = """{"model":"m","stream":true,"messages":[{"role":"user","content":"Q"},{"content":[{"role":"user"}],"role":"assistant","name":"x"}]}"""u8.ToArray();
        var (caller, first) = await scene.BeginAsync(Text("1"), body: body);
        await using var _ = caller;
        await caller.TextAsync(Text("1").Length);
        first.Reset();
        Assert.Equal((false, Error), await ContinuedStreamTests.EndAsync(caller));
        await scene.Inner.RestAsync();
        Assert.Equal((Outcome.StreamBroken, 1), (scene.Host.Records.Last.Outcome, scene.Host.Records.Last.Attempts));
    }

    [Fact]
    public async Task One_after_earlier_answers_is()
    {
        await using var scene = await StartAsync();
        var body = """{"model":"m","stream":true,"messages":[{"role":"assistant","content":"A"},{"content":[{"role":"assistant"}],"role":"user"}]}"""u8.ToArray();
        var (caller, first) = await scene.BeginAsync(Text("1"), body: body);
        await using var _ = caller;
        first.Reset();
        var second = await scene.NextAsync(Text("2", "second") + Finish("second") + Done);
        await second.EndAsync();
        Assert.True((await caller.EndAsync()).IsComplete);
        await scene.Inner.RestAsync();
    }
}
