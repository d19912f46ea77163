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

    [Theory]
    [InlineData(1, true)]
    [InlineData(255, true)]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void A_model_name_has_up_to_256_characters(int length, bool fits)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"model":"{{new string('m', length)}}"}""");
        foreach (var sequence in new[] { new ReadOnlySequence<byte>(body), Segments.EveryByte(body) })
        {
            var result = BodyPeek.Read(sequence, Operation.ChatCompletions, out var facts);
            Assert.Equal(fits ? null : GatewayError.AmbiguousModel, result.Error);
            Assert.Equal(fits ? length : facts.Model.Length, facts.Model.Length);
        }
    }

    [Theory]
    [InlineData(63, null)]
    [InlineData(64, null)]
    [InlineData(65, "json_too_deep")]
    public void A_body_nests_up_to_64_levels(int depth, string? code)
    {
        var json = """{"model":"a","x":""" + new string('[', depth - 1) + new string(']', depth - 1) + "}";
        Assert.Equal(code, BodyPeek.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), Operation.ChatCompletions, out _).Error?.Code);
    }

    [Fact]
    public void A_name_with_escapes_is_decoded_and_its_place_is_what_stands_there()
    {
        const string Json = """{"mod\u0065l":"meta\/llama\u002d3"}""";
        var facts = Read(Json);
        Assert.Equal("meta/llama-3", Encoding.UTF8.GetString(facts.Model));
        Assert.Equal("""meta\/llama\u002d3""", At(Json, facts.ModelRange));
    }

    [Theory]
    [InlineData("""{"model":"a","stream":null,"max_tokens":null,"stream_options":null,"tools":null,"user":null,"cache_salt":null,"n":null}""")]
    [InlineData("""{"model":"a","Temperature":1,"models":[],"model_":"b","x":"Model","mode":"l","options":5,"num_predict":"x"}""")]
    [InlineData("""{"model":"a","metadata":{"model":"b","Model":"c","stream":5,"stream":6}}""")]
    [InlineData("""{"model":"a","messages":[{"content":"\ud800","content":2}]}""")]
    [InlineData(" \r\n\t{ \"model\" : \"a\" } \n")]
    public void Leaves_alone_what_it_does_not_act_on(string json)
    {
        var facts = Read(json);
        Assert.Equal("a", Encoding.UTF8.GetString(facts.Model));
        Assert.False(facts.Stream);
        Assert.False(facts.HasTools);
        Assert.Equal(-1, facts.MaxOutputTokens);
        Assert.Equal(1, facts.Choices);
        Assert.Equal(0UL, facts.User | facts.CacheSalt | facts.PromptCacheKey);
    }

    [Theory]
    [InlineData("max_tokens", "0", 0)]
    [InlineData("max_tokens", "2147483647", int.MaxValue)]
    [InlineData("max_tokens", "2147483648", int.MaxValue)]
    [InlineData("max_tokens", "99999999999999999999999", int.MaxValue)]
    [InlineData("max_tokens", "-1", -1)]
    [InlineData("max_output_tokens", "5", 5)]
    public void Reads_token_limits(string name, string value, int expected) =>
        Assert.Equal(expected, Read($$"""{"model":"a","{{name}}":{{value}}}""").MaxOutputTokens);

    [Fact]
    public void Ollama_streams_by_default_and_hides_its_limit_in_options()
    {
        Assert.True(Read("""{"model":"a"}""", Operation.OllamaChat).Stream);
        Assert.True(Read("""{"model":"a","stream":null}""", Operation.OllamaGenerate).Stream);
        Assert.False(Read("""{"model":"a","stream":false}""", Operation.OllamaChat).Stream);
        Assert.False(Read("""{"model":"a"}""", Operation.OllamaEmbed).Stream);
        Assert.Equal(7, Read("""{"options":{"seed":1,"num_predict":7},"model":"a"}""", Operation.OllamaChat).MaxOutputTokens);
        Assert.Equal(-1, Read("""{"options":{"num_predict":-2},"model":"a"}""", Operation.OllamaChat).MaxOutputTokens);
        Assert.Equal(
            "options.num_predict",
            Refused("""{"options":{"num_predict":1,"num_predict":2},"model":"a"}""", Operation.OllamaChat));
    }

    [Fact]
    public void Messages_of_Anthropic_have_their_own_members()
    {
        var facts = Read("""{"model":"c","max_tokens":9,"system":"be kind","messages":[],"n":"x","stream_options":1}""", Operation.Messages);
        Assert.Equal(9, facts.MaxOutputTokens);
        Assert.Equal("\"be kind\"[]".Length, facts.PromptBytes);
        Assert.Equal("system", Refused("""{"model":"c","system":"a","system":"b"}""", Operation.Messages));
    }

    [Theory]
    [InlineData("""{"model":"a"}""", """{"stream_options":{"include_usage":true},"model":"a"}""")]
    [InlineData("""  { "model":"a"}""", """  {"stream_options":{"include_usage":true}, "model":"a"}""")]
    [InlineData("""{"model":"a","stream_options":null}""", """{"model":"a","stream_options":{"include_usage":true}}""")]
    [InlineData("""{"stream_options":{ },"model":"a"}""", """{"stream_options":{"include_usage":true },"model":"a"}""")]
    [InlineData("""{"stream_options":{"x":{"y":[1]}},"model":"a"}""", """{"stream_options":{"include_usage":true,"x":{"y":[1]}},"model":"a"}""")]
    [InlineData("""{"stream_options":{"include_usage":false,"x":1},"model":"a"}""", """{"stream_options":{"include_usage":true,"x":1},"model":"a"}""")]
    [InlineData("""{"stream_options":{"x":1,"include_usage":null},"model":"a"}""", """{"stream_options":{"x":1,"include_usage":true},"model":"a"}""")]
    [InlineData("""{"stream_options":{"include_usage":true},"model":"a"}""", """{"stream_options":{"include_usage":true},"model":"a"}""")]
    [InlineData("""{"x":{"stream_options":{"include_usage":true}},"model":"a"}""", """{"stream_options":{"include_usage":true},"x":{"stream_options":{"include_usage":true}},"model":"a"}""")]
    public void Says_where_to_ask_for_token_counts(string json, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.True(BodyPeek.Read(Segments.Cut(bytes, cut), Operation.ChatCompletions, out var facts).IsOk);
            byte[] spliced = facts.UsageSplice == UsageSplice.None
                ? bytes
                : [.. bytes[..facts.UsageRange.Offset], .. facts.UsageInsertion, .. bytes[facts.UsageRange.End..]];
            Assert.Equal(expected, Encoding.UTF8.GetString(spliced));
            Assert.Equal(expected == json, facts.IncludeUsage);
        }
    }

    [Fact]
    public void An_error_names_the_member_and_what_to_do()
    {
        var result = BodyPeek.Read(new ReadOnlySequence<byte>("{\"model\":\"a\",\"n\":1,\"n\":2}"u8.ToArray()), Operation.ChatCompletions, out _);
        Assert.Equal("The member 'n' appears more than once; send it once.", result.Message);
        Assert.Equal(GatewayError.MalformedJson.Message, BodyPeek.Read(default, Operation.ChatCompletions, out _).Message);
    }

    [Fact]
    public void Every_member_has_a_name()
    {
        foreach (var field in Enum.GetValues<PeekField>().Where(field => field != PeekField.None))
        {
            Assert.Matches("^[a-z_.]+$", PeekFields.NameOf(field));
        }
    }

    [Fact]
    public void Allocates_nothing()
    {
        var body = Encoding.UTF8.GetBytes(
            """{"model":"a","max_tokens":5,"user":"u","cache_salt":"s","messages":[{"role":"user","content":"h\u00e9 \n""" + new string('x', 20_000) + "\"}]}");
        var whole = new ReadOnlySequence<byte>(body);
        var cut = Segments.Cut(body, 9, 11, 5_000);
        var blocks = new ulong[PromptFingerprint.MaxBlocks];
        long allocated = 0;
        for (var round = 0; round < 3; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (ref readonly var sequence in (ReadOnlySpan<ReadOnlySequence<byte>>)[whole, cut])
            {
                Assert.True(BodyPeek.Read(sequence, Operation.ChatCompletions, out var facts).IsOk);
                PromptFingerprint.Compute(sequence, facts, blocks);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    private static string Refused(string json, Operation operation)
    {
        var result = BodyPeek.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), operation, out _);
        Assert.Equal(GatewayError.AmbiguousModel, result.Error);
        return PeekFields.NameOf(result.Field);
    }

    /// <summary>Requests of one conversation, or of one user, have one hash; others have another.</summary>
    [Theory]
    [InlineData(Operation.Responses, """{"model":"a","conversation":"c1"}""", """{"model":"a","input":"hi","conversation":"c1"}""", """{"model":"a","conversation":"c2"}""")]
    [InlineData(Operation.Responses, """{"model":"a","conversation":{"id":"c1"}}""", """{"conversation":{"id":"c1"},"model":"b"}""", """{"model":"a","conversation":null}""")]
    [InlineData(Operation.Messages, """{"model":"a","metadata":{"user_id":"u1"}}""", """{"metadata":{"user_id":"u1"},"model":"b"}""", """{"model":"a","metadata":{"user_id":"u2"}}""")]
    [InlineData(Operation.Messages, """{"model":"a","metadata":{"user_id":"u1","model":"x"}}""", """{"metadata":{"user_id":"u1","model":"x"},"model":"b"}""", """{"model":"a"}""")]
    public void Conversations_and_users_are_told_apart(Operation operation, string one, string same, string other)
    {
        static (ulong, ulong) Of(InferenceFacts facts) => (facts.Conversation, facts.User);
        Assert.NotEqual((0UL, 0UL), Of(Read(one, operation)));
        Assert.Equal(Of(Read(one, operation)), Of(Read(same, operation)));
        Assert.NotEqual(Of(Read(one, operation)), Of(Read(other, operation)));
    }

    private static InferenceFacts Read(string json, Operation operation = Operation.ChatCompletions)
    {
        var result = BodyPeek.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), operation, out var facts);
        Assert.Null(result.Error);
        return facts;
    }

    private static string At(string json, BodyRange range) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(json).AsSpan(range.Offset, range.Length));
}
