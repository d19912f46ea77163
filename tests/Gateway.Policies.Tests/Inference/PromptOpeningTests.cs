using System.Text;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public class PromptOpeningTests
{
    private const string System = """{"role":"system","content":"You are helpful."}""";
    private const string Hello = """{"role":"user","content":[{"type":"text","text":"Hello, \"role\":\"user\""}]}""";
    private const string Answer = """{"role":"assistant","content":"Hi!","tool_calls":[{"role":"user"}]}""";

    private static ulong Of(string json, Operation operation = Operation.ChatCompletions, int segment = int.MaxValue)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var body = Segments.Cut(bytes, Enumerable.Range(1, bytes.Length / segment).Select(i => i * segment).Where(at => at < bytes.Length));
        Assert.Null(BodyPeek.Read(body, operation, out var facts).Error);
        return PromptOpening.Hash(body, facts);
    }

    private static string Chat(params string[] messages) => $$"""{"model":"m","messages":[{{string.Join(',', messages)}}]}""";

    [Fact]
    public void It_is_the_same_in_every_turn_and_another_in_every_conversation()
    {
        var first = Of(Chat(System, Hello));
        Assert.NotEqual(0UL, first);
        Assert.Equal(first, Of(Chat(System, Hello, Answer, """{"role":"user","content":"And?"}""")));
        Assert.NotEqual(first, Of(Chat(System, """{"role":"user","content":"Other"}""")));
        Assert.NotEqual(first, Of(Chat("""{"role":"system","content":"Be brief."}""", Hello)));
        Assert.NotEqual(first, Of(Chat(System, Hello).Replace("\"m\"", "\"n\"", StringComparison.Ordinal)));
        Assert.NotEqual(first, Of(Chat(System, Hello)[..^1] + ",\"cache_salt\":\"s\"}"));
    }

    [Fact]
    public void However_it_comes_in_pieces_it_is_the_same()
    {
        var whole = Of(Chat(System, Hello, Answer));
        Assert.All([1, 7, 64, 100], segment => Assert.Equal(whole, Of(Chat(System, Hello, Answer), segment: segment)));
    }

    [Theory]
    [InlineData(Operation.Messages, """{"model":"m","system":"S","messages":[{"role":"user","content":"a"}]}""", """{"model":"m","system":"S","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""", true)]
    [InlineData(Operation.Messages, """{"model":"m","system":"S","messages":[{"role":"user","content":"a"}]}""", """{"model":"m","system":"T","messages":[{"role":"user","content":"a"}]}""", false)]
    [InlineData(Operation.Responses, """{"model":"m","input":[{"content":"a","role":"user"}]}""", """{"model":"m","input":[{"content":"a","role":"user"},{"type":"reasoning"}]}""", true)]
    [InlineData(Operation.Responses, """{"model":"m","input":"a"}""", """{"model":"m","input":"a b"}""", false)]
    [InlineData(Operation.ChatCompletions, """{"model":"m","tools":[{"x":1}],"messages":[{"role":"user","content":"a"}]}""", """{"model":"m","messages":[{"role":"user","content":"a"}]}""", false)]
    [InlineData(Operation.ChatCompletions, """{"model":"m","messages":[{"role":"system","content":"a"}]}""", """{"model":"m","messages":[{"role":"system","content":"b"}]}""", false)]
    [InlineData(Operation.ChatCompletions, """{"model":"m","messages":[]}""", """{"model":"m","messages":[]}""", true)]
    [InlineData(Operation.ChatCompletions, """{"model":"m","messages":[{"role":7,"content":"a"},{"role":"user","content":"b"}]}""", """{"model":"m","messages":[{"role":7,"content":"a"},{"role":"user","content":"b"},1]}""", true)]
    public void Every_dialect_has_one(Operation operation, string one, string other, bool isSame) => Assert.Equal(isSame, Of(one, operation) == Of(other, operation));

    [Theory]
    [InlineData(PromptOpening.LongestPlain - 2, false)]
    [InlineData(PromptOpening.LongestPlain - 1, true)]
    [InlineData(PromptOpening.LongestPlain, true)]
    public void Of_a_text_so_much_counts(int length, bool isSame)
    {
        string Text(char last) => $$"""{"model":"m","prompt":"{{new string('a', length)}}{{last}}"}""";
        Assert.Equal(isSame, Of(Text('x'), Operation.Completions) == Of(Text('y'), Operation.Completions));
    }

    [Theory]
    [InlineData(10_000, false)]
    [InlineData(PromptOpening.Longest, true)]
    public void A_first_message_that_does_not_end_counts_as_a_text(int length, bool isSame)
    {
        string Long(char last) => Chat($$"""{"role":"user","content":"{{new string('a', length)}}{{last}}"}""");
        Assert.Equal(isSame, Of(Long('x')) == Of(Long('y')));
    }

    [Fact]
    public void A_request_without_a_prompt_has_none() => Assert.Equal(0UL, Of("""{"model":"m"}"""));
}
