using System.Text;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Tests.Destinations;

public sealed class ModelListReaderTests
{
    [Fact]
    public void OpenAi_form_is_read()
    {
        var list = Read("""{"object":"list","data":[{"id":"a","object":"model","created":17,"owned_by":"vllm","max_model_len":4096},{"id":"b"}]}""")!;
        Assert.Equal([new ModelEntry { Name = "a", Created = 17, OwnedBy = "vllm" }, new ModelEntry { Name = "b" }], list.Entries.AsEnumerable());
    }

    [Fact]
    public void Anthropic_form_is_read()
    {
        var list = Read("""{"data":[{"type":"model","id":"claude-x","display_name":"X","created_at":"1970-01-02T00:00:00Z"}],"has_more":false}""")!;
        Assert.Equal(new ModelEntry { Name = "claude-x", Created = 86400 }, Assert.Single(list.Entries));
    }

    [Fact]
    public void Ollama_form_is_read_and_latest_may_be_left_out_of_a_name()
    {
        var list = Read("""{"models":[{"name":"llama3:latest","model":"llama3:latest","modified_at":"1970-01-02T00:00:00Z","size":5,"digest":"abc"}]}""")!;
        Assert.Equal(
            new ModelEntry { Name = "llama3:latest", Created = 86400, OwnedBy = "library", Size = 5, Digest = "abc" },
            Assert.Single(list.Entries));
        var set = ModelSet.From(list.Entries);
        Assert.True(set.Contains("llama3"));
        Assert.True(set.Contains("llama3:latest"));
        Assert.False(set.Contains("llama3:8b"));
    }

    [Theory]
    [InlineData("""{"models":null}""")]
    [InlineData("""{"data":[]}""")]
    public void An_empty_list_is_a_list(string json) => Assert.Empty(Read(json)!.Entries);

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("3")]
    [InlineData("{}")]
    [InlineData("""{"data":{}}""")]
    [InlineData("""{"data":"x"}""")]
    [InlineData("""{"data":[{"id":"a"}]""")]
    public void What_is_no_list_is_null(string json) => Assert.Null(Read(json));

    [Fact]
    public void Too_deep_is_null() => Assert.Null(Read("""{"data":""" + new string('[', 100_000)));

    [Theory]
    [InlineData("""{"id":"a b"}""")]
    [InlineData("""{"id":"a\nb"}""")]
    [InlineData("""{"id":"<script>"}""")]
    [InlineData("""{"id":"\ud800"}""")]
    [InlineData("""{"id":""}""")]
    [InlineData("""{"id":7}""")]
    [InlineData("""{"name":"a"}""")]
    [InlineData("null")]
    public void Items_against_the_rule_are_left_out_and_counted(string item)
    {
        var list = Read($$"""{"data":[{{item}},{"id":"good"}]}""")!;
        Assert.Equal("good", Assert.Single(list.Entries).Name);
        Assert.Equal(1, list.Ignored);
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(5, 0)]
    [InlineData(6, 1)]
    public void The_number_of_models_is_limited(int count, int ignored)
    {
        var list = Read($$"""{"data":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"id":"m{{i}}"}"""))}}]}""", maxModels: 5)!;
        Assert.Equal((Math.Min(count, 5), ignored), (list.Entries.Length, list.Ignored));
    }

    [Theory]
    [InlineData(255, 0)]
    [InlineData(256, 0)]
    [InlineData(257, 1)]
    public void The_length_of_a_name_is_limited(int length, int ignored) =>
        Assert.Equal(ignored, Read($$"""{"data":[{"id":"{{new string('m', length)}}"}]}""")!.Ignored);

    [Fact]
    public void An_owner_that_is_no_plain_word_is_left_out() =>
        Assert.Null(Assert.Single(Read("""{"data":[{"id":"a","owned_by":"<b>"}]}""")!.Entries).OwnedBy);

    private static ModelList? Read(string json, int maxModels = 1024) => ModelListReader.Read(Encoding.UTF8.GetBytes(json), maxModels);
}
