using System.Buffers;
using System.Text;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public sealed class BodyPeekTests
{
    public static TheoryData<string> AmbiguousNames => [.. AmbiguousJson.Cases.Select(one => one.Name)];

    [Fact]
    public void At_least_sixty_ambiguous_cases_with_unique_names()
    {
        Assert.True(AmbiguousJson.Cases.Count >= 60);
        Assert.Equal(AmbiguousJson.Cases.Count, AmbiguousJson.Cases.DistinctBy(one => one.Name, StringComparer.Ordinal).Count());
    }

    [Theory]
    [MemberData(nameof(AmbiguousNames))]
    public void Ambiguous_body_is_refused_with_its_code_however_it_is_cut(string name)
    {
        var one = AmbiguousJson.Cases.Single(candidate => candidate.Name == name);
        Assert.Equal(one.Code, BodyPeek.Read(new ReadOnlySequence<byte>(one.Body), Operation.ChatCompletions, out _).Error?.Code);
        if (one.Body.Length > 1000)
        {
            return;
        }

        Assert.Equal(one.Code, BodyPeek.Read(Segments.EveryByte(one.Body), Operation.ChatCompletions, out _).Error?.Code);
        for (var cut = 1; cut < one.Body.Length; cut++)
        {
            Assert.Equal(one.Code, BodyPeek.Read(Segments.Cut(one.Body, cut), Operation.ChatCompletions, out _).Error?.Code);
        }
    }

    [Fact]
    public void Reads_every_member_it_acts_on()
    {
        const string Json = """
            {"model":"meta-llama/Llama-3.1-8B:q4@v1","stream":true,"max_tokens":10,"max_completion_tokens":20,"n":2,"best_of":3,
             "stream_options":{"include_usage":true},"prompt_cache_key":"k","cache_salt":"s","user":"u","store":true,"background":false,
             "tools":[{}],"messages":[{"role":"user","content":"hi"}],"x":{"model":"no","stream":false}}
            """;
        var facts = Read(Json);
        Assert.Equal("meta-llama/Llama-3.1-8B:q4@v1", Encoding.UTF8.GetString(facts.Model));
        Assert.Equal("meta-llama/Llama-3.1-8B:q4@v1", At(Json, facts.ModelRange));
        Assert.True(facts.Stream);
        Assert.Equal(20, facts.MaxOutputTokens);
        Assert.Equal(3, facts.Choices);
        Assert.True(facts.IncludeUsage);
        Assert.True(facts.HasTools);
        Assert.True(facts.Store);
        Assert.False(facts.Background);
        Assert.NotEqual(0UL, facts.PromptCacheKey);
        Assert.NotEqual(0UL, facts.CacheSalt);
        Assert.NotEqual(0UL, facts.User);
        Assert.Equal("[{}]".Length + """[{"role":"user","content":"hi"}]""".Length, facts.PromptBytes);
    }

    private static InferenceFacts Read(string json, Operation operation = Operation.ChatCompletions)
    {
        var result = BodyPeek.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), operation, out var facts);
        Assert.Null(result.Error);
        return facts;
    }

    private static string At(string json, BodyRange range) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(json).AsSpan(range.Offset, range.Length));
}
