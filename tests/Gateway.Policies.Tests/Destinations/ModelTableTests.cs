using System.Text;
using BlazeGateway.Policies.Destinations;
using CsCheck;

namespace BlazeGateway.Policies.Tests.Destinations;

public sealed class ModelTableTests
{
    [Theory]
    [InlineData("gpt-4o", "gpt-4o")]
    [InlineData("gpt-4o-mini", "gpt-4o*")]
    [InlineData("gpt-4-turbo", "gpt-*")]
    [InlineData("gpt-", "gpt-*")]
    [InlineData("gpt", "*")]
    [InlineData("GPT-4o", "*")]
    [InlineData("", "*")]
    public void Exact_beats_pattern_and_the_longest_pattern_wins(string model, string key)
    {
        var table = ModelTable.Compile(Models("*", "gpt-*", "gpt-4o", "gpt-4o*"), "own");
        Assert.Equal(key, table.Find(model)?.PublicName);
    }

    [Fact]
    public void A_name_without_a_tag_means_the_one_tagged_latest()
    {
        var table = ModelTable.Compile(Models("llama3:latest", "qwen:latest", "qwen", "mistral:7b"), "own");

        Assert.Equal("llama3:latest", table.Find("llama3")?.PublicName);
        Assert.Equal("qwen", table.Find("qwen")?.PublicName);
        Assert.Null(table.Find("mistral"));
        Assert.Equal(4, table.Exact.Length);
    }

    [Fact]
    public void A_model_no_entry_matches_is_not_mapped()
    {
        var table = ModelTable.Compile(Models("llama", "qwen-*"), "own");
        Assert.Null(table.Find("llama2"));
        Assert.Null(table.Find("qwen"));
        Assert.Null(table.Find("qwen"));
        Assert.True(ModelTable.Compile(Models(), null).IsEmpty, "no Models, no table");
    }

    [Fact]
    public void The_longest_pattern_wins_for_any_patterns()
    {
        var name = Gen.String[Gen.Char["ab"], 0, 6];
        Gen.Select(name.HashSet[1, 12], name).Sample((prefixes, model) =>
        {
            var table = ModelTable.Compile(Models([.. prefixes.Select(p => p + "*")]), "own");
            var expected = prefixes.Where(p => model.StartsWith(p, StringComparison.Ordinal)).MaxBy(p => p.Length);
            return table.Find(model)?.PublicName == (expected is null ? null : expected + "*");
        });
    }

    [Fact]
    public void Cluster_rewrite_and_fallbacks_are_compiled()
    {
        var models = new Dictionary<string, ModelRouteOptions>(StringComparer.Ordinal)
        {
            ["small"] = new() { Rewrite = "org/llama+8b", Fallback = ["big", "other-7b"] },
            ["big"] = new() { Cluster = "b", Rewrite = "llama-70b" },
            ["other-*"] = new() { Cluster = "c" },
        };
        var small = ModelTable.Compile(models, "own").Find("small")!;
        Assert.Equal("own", small.Cluster);
        Assert.Equal("org/llama+8b", Encoding.UTF8.GetString(small.RewriteUtf8.Span));
        Assert.Equal(
            "big b llama-70b|other-7b c other-7b",
            string.Join('|', small.Fallbacks.Select(f => $"{f.PublicName} {f.Cluster} {Encoding.UTF8.GetString(f.RewriteUtf8.Span)}")));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a*b")]
    [InlineData("**")]
    [InlineData("")]
    [InlineData("ä")]
    public void A_key_against_the_rule_is_named(string key)
    {
        var error = Assert.Single(ModelTable.Validate(Models(key), "own"));
        Assert.Contains($"Models.'{key}'", error, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ModelTable.Compile(Models(key), "own"));
    }

    [Theory]
    [InlineData(ModelTable.MaxEntries - 1, 0)]
    [InlineData(ModelTable.MaxEntries, 0)]
    [InlineData(ModelTable.MaxEntries + 1, 1)]
    public void Entries_are_limited(int entries, int errors) =>
        Assert.Equal(errors, ModelTable.Validate(Models([.. Enumerable.Range(0, entries).Select(i => $"m{i}")]), "own").Count());

    [Theory]
    [InlineData(ModelName.MaxLength - 1, 0)]
    [InlineData(ModelName.MaxLength, 0)]
    [InlineData(ModelName.MaxLength + 1, 1)]
    public void Names_are_limited(int length, int errors)
    {
        Assert.Equal(errors, ModelTable.Validate(Models(new string('m', length)), "own").Count());
        Assert.Equal(errors, ModelTable.Validate(Models(new string('m', length) + "*"), "own").Count());
    }

    [Theory]
    [InlineData(ModelTable.MaxFallbacks - 1, 0)]
    [InlineData(ModelTable.MaxFallbacks, 0)]
    [InlineData(ModelTable.MaxFallbacks + 1, 1)]
    public void Fallbacks_are_limited(int count, int errors)
    {
        var models = Models("a", "b*");
        models["a"] = new() { Fallback = [.. Enumerable.Range(0, count).Select(i => $"b{i}")] };
        Assert.Equal(errors, ModelTable.Validate(models, "own").Count());
    }

    [Theory]
    [InlineData("a", "names the model itself")]
    [InlineData("c", "is not a model of this route")]
    [InlineData("c d", "must be")]
    public void A_wrong_fallback_is_named(string fallback, string part)
    {
        var models = Models("a", "b");
        models["a"] = new() { Fallback = [fallback] };
        Assert.Contains(part, Assert.Single(ModelTable.Validate(models, "own")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_rewrite_is_named()
    {
        var models = Models("a");
        models["a"] = new() { Rewrite = "x\"y" };
        Assert.Contains("Rewrite", Assert.Single(ModelTable.Validate(models, "own")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_without_any_cluster_is_named() =>
        Assert.Contains("Models.'a': the route has no ClusterId", Assert.Single(ModelTable.Validate(Models("a"), null)), StringComparison.Ordinal);

    [Fact]
    public void Finding_allocates_nothing()
    {
        var table = ModelTable.Compile(Models("*", "gpt-*", "gpt-4o"), "own");
        var model = "gpt-4o-mini".AsSpan();
        table.Find(model);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            table.Find(model);
            table.Find("gpt-4o");
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static Dictionary<string, ModelRouteOptions> Models(params string[] names) =>
        names.ToDictionary(n => n, _ => new ModelRouteOptions(), StringComparer.Ordinal);
}
