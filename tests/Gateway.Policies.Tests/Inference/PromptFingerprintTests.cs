using System.Buffers;
using System.Text;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public sealed class PromptFingerprintTests
{
    [Fact]
    public void A_longer_conversation_begins_with_the_chain_of_the_shorter()
    {
        var shorter = Chain(Body("a", "[{\"content\":\"" + new string('x', 500) + "\"}"));
        var longer = Chain(Body("a", "[{\"content\":\"" + new string('x', 500) + "\"},{\"content\":\"more and more and more and more and more and more and more\"}"));
        Assert.Equal(8, shorter.Length);
        Assert.True(longer.Length > shorter.Length);
        Assert.Equal(shorter, longer[..shorter.Length]);
    }

    [Fact]
    public void Another_beginning_changes_everything_after_it()
    {
        var one = Chain(Body("a", "[\"" + new string('x', 500)  + "\""));
        var other = Chain(Body("a", "[\"y" + new string('x', 499)  + "\""));
        Assert.Equal(one.Length, other.Length);
        Assert.Empty(one.Intersect(other));
    }

    [Fact]
    public void Model_and_salt_are_the_root()
    {
        var prompt = "[\"" + new string('x', 500) + "\"";
        var chains = new[] { Chain(Body("a", prompt)), Chain(Body("b", prompt)), Chain(Body("a", prompt, "s")), Chain(Body("a", prompt, "t")) };
        Assert.Equal(4, chains.Select(chain => chain[0]).Distinct().Count());
        Assert.Equal(chains[0], Chain(Body("a", prompt)));
    }

    [Fact]
    public void Order_of_members_makes_no_difference()
    {
        var system = new string('s', 300);
        var messages = "[\"" + new string('x', 500) + "\"]";
        Assert.Equal(
            Chain($$"""{"model":"a","system":"{{system}}","messages":{{messages}}}""", Operation.Messages),
            Chain($$"""{"messages":{{messages}},"system":"{{system}}","model":"a"}""", Operation.Messages));
    }

    [Theory]
    [InlineData(63, 0)]
    [InlineData(64, 1)]
    [InlineData(65, 1)]
    [InlineData((PromptFingerprint.MaxBlocks * PromptFingerprint.BlockBytes) - 1, PromptFingerprint.MaxBlocks - 1)]
    [InlineData(PromptFingerprint.MaxBlocks * PromptFingerprint.BlockBytes, PromptFingerprint.MaxBlocks)]
    [InlineData((PromptFingerprint.MaxBlocks * PromptFingerprint.BlockBytes) + 640, PromptFingerprint.MaxBlocks)]
    public void Counts_full_blocks_up_to_the_limit(int length, int blocks) =>
        Assert.Equal(blocks, Chain($$"""{"model":"a","prompt":"{{new string('x', length - 2)}}"}""").Length);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Less_room_gives_the_beginning(int room)
    {
        var body = new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(Body("a", "[\"" + new string('x', 500) + "\"")));
        Assert.True(BodyPeek.Read(body, Operation.ChatCompletions, out var facts).IsOk);
        var blocks = new ulong[room];
        Assert.Equal(room, PromptFingerprint.Compute(body, facts, blocks));
        Assert.Equal(Chain(Encoding.UTF8.GetString(body))[..room], blocks);
    }

    [Fact]
    public void Segments_make_no_difference()
    {
        var json = $$"""{"model":"a","user":"{{new string('u', 150)}}","tools":[{"x":"{{new string('t', 90)}}"}],"messages":["{{new string('m', 700)}}"],"prompt_cache_key":"k"}""";
        var bytes = Encoding.UTF8.GetBytes(json);
        var expected = Chain(json);
        Assert.True(BodyPeek.Read(new ReadOnlySequence<byte>(bytes), Operation.ChatCompletions, out var whole).IsOk);
        var chance = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            var cuts = Enumerable.Range(0, chance.Next(1, 12)).Select(_ => chance.Next(1, bytes.Length)).Distinct().Order();
            var body = Segments.Cut(bytes, cuts);
            Assert.True(BodyPeek.Read(body, Operation.ChatCompletions, out var facts).IsOk);
            var blocks = new ulong[PromptFingerprint.MaxBlocks];
            var count = PromptFingerprint.Compute(body, facts, blocks);
            Assert.Equal(expected, blocks[..count]);
            Assert.Equal((whole.User, whole.PromptCacheKey, whole.PromptBytes), (facts.User, facts.PromptCacheKey, facts.PromptBytes));
        }
    }

    private static string Body(string model, string messages, string salt = "") =>
        $$"""{"model":"{{model}}","cache_salt":"{{salt}}","messages":{{messages}}]}""";

    private static ulong[] Chain(string json, Operation operation = Operation.ChatCompletions)
    {
        var body = new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json));
        Assert.True(BodyPeek.Read(body, operation, out var facts).IsOk);
        var blocks = new ulong[PromptFingerprint.MaxBlocks];
        return blocks[..PromptFingerprint.Compute(body, facts, blocks)];
    }
}
