namespace BlazeGateway.Tests.Configuration.Checks;

public sealed class BalanceCheckTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(""" "Weights": { "a": 0, "b": 1 } """)]
    [InlineData(""" "Weights": { "A": 256 } """)]
    [InlineData(""" "Capacity": { "a": 1, "*": 1000000 } """)]
    [InlineData(""" "TokenCapacity": { "a": 1, "*": 1000000000 } """)]
    [InlineData(""" "Hash": { "Keys": [ "header:X-Session_Id", "prompt_cache_key", "conversation", "user", "prefix", "client", "path" ], "Bound": 1 } """)]
    [InlineData(""" "Hash": { "Keys": [], "Bound": 100 } """)]
    public async Task What_is_right_has_no_finding(string extensions) => Assert.Empty(await FindingsAsync(extensions));

    [Theory]
    [InlineData(""" "Weights": { "a": -1 } """, "'a' is -1; it must be a whole number between 0 and 256")]
    [InlineData(""" "Weights": { "b": 257 } """, "'b' is 257; it must be a whole number between 0 and 256")]
    [InlineData(""" "Weights": { "aa": 1 } """, "Weights names the destination 'aa', which cluster 'llm' does not have; known: a, b.")]
    [InlineData(""" "Weights": { "*": 1 } """, "Weights names the destination '*', which cluster 'llm' does not have; known: a, b.")]
    [InlineData(""" "Weights": { "a": 0, "b": 0 } """, "Every destination of cluster 'llm' has the weight 0, so none would be sent a request; give one of them at least 1.")]
    [InlineData(""" "Capacity": { "a": 0 } """, "'a' is 0; it must be a whole number between 1 and 1,000,000")]
    [InlineData(""" "Capacity": { "*": 1000001 } """, "'*' is 1000001; it must be a whole number between 1 and 1,000,000")]
    [InlineData(""" "TokenCapacity": { "a": 0 } """, "'a' is 0; it must be a whole number between 1 and 1,000,000,000")]
    [InlineData(""" "TokenCapacity": { "*": 1000000001 } """, "'*' is 1000000001; it must be a whole number between 1 and 1,000,000,000")]
    [InlineData(""" "Capacity": { "c": 5 } """, "Capacity names the destination 'c', which cluster 'llm' does not have; known: a, b, or * for all.")]
    [InlineData(""" "Hash": { "Keys": [ "client", "cookie" ] } """, "Hash.Keys of cluster 'llm' has 'cookie'; it must be one of prompt_cache_key, conversation, user, prefix, client, path, or header:NAME with the name of a header.")]
    [InlineData(""" "Hash": { "Keys": [ "header:" ] } """, "Hash.Keys of cluster 'llm' has 'header:'; it must be one of prompt_cache_key, conversation, user, prefix, client, path, or header:NAME with the name of a header.")]
    [InlineData(""" "Hash": { "Keys": [ "header:X Y" ] } """, "Hash.Keys of cluster 'llm' has 'header:X Y'; it must be one of prompt_cache_key, conversation, user, prefix, client, path, or header:NAME with the name of a header.")]
    [InlineData(""" "Hash": { "Bound": 0.99 } """, "'Bound' is 0.99; it must be a number")]
    [InlineData(""" "Hash": { "Bound": 100.5 } """, "'Bound' is 100.5; it must be a number")]
    [InlineData(""" "Weights": { "a": 1.5 } """, "'a' is 1.5; it must be a whole nu")]
    public async Task A_mistake_is_told_at_its_place(string extensions, string expected)
    {
        var finding = Assert.Single(await FindingsAsync(extensions));
        Assert.StartsWith("routes.json:9:", finding, StringComparison.Ordinal);
        Assert.Contains(expected, finding, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RoundRobin", """ "Weights": { "a": 2 } """, "Weights of cluster 'llm' is of no use with the strategy 'RoundRobin'; choose WeightedRoundRobin")]
    [InlineData("Random", """ "Weights": { "a": 2 } """, "Weights of cluster 'llm' is of no use with the strategy 'Random'")]
    [InlineData("Random", """ "Capacity": { "a": 2 } """, "Capacity of cluster 'llm' is of no use with the strategy 'Random'; choose a strategy of the gateway's own, or take it out.")]
    [InlineData("firstalphabetical", """ "TokenCapacity": { "a": 2 } """, "TokenCapacity of cluster 'llm' is of no use with the strategy 'firstalphabetical'")]
    [InlineData("LeastConnections", """ "Hash": { "Keys": [ "user" ] } """, "Hash of cluster 'llm' is of no use with the strategy 'LeastConnections'; choose ConsistentHash, or take it out.")]
    [InlineData("LeastResponseTime", """ "Adaptive": { "Holdout": 0.01 } """, "Adaptive of cluster 'llm' is of no use with the strategy 'LeastResponseTime'; choose Adaptive, or take it out.")]
    [InlineData("RoundRobin", """ "Weights": { "a": 0 } """, null)]
    [InlineData("WeightedRoundRobin", """ "Weights": { "a": 2 } """, null)]
    [InlineData("PowerOfTwoChoices", """ "Weights": { "a": 2 }, "Capacity": { "a": 2 }, "TokenCapacity": { "a": 2 }, "Adaptive": { "Holdout": 0.005 } """, null)]
    [InlineData("Adaptive", """ "Hash": { "Keys": [ "user" ] }, "Adaptive": { "Holdout": 0 } """, null)]
    [InlineData("ConsistentHash", """ "Hash": { "Keys": [ "user" ] } """, null)]
    public async Task What_a_strategy_does_not_go_by_is_named(string strategy, string extensions, string? expected)
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("\"RoundRobin\",", $"\"{strategy}\", \"Extensions\": {{ {extensions} }},", StringComparison.Ordinal));
        var findings = (await TestDirectory.CheckAsync(_directory.Sources)).Select(warning => warning.ToString()).ToArray();
        Assert.Equal(expected is null ? 0 : 1, findings.Length);
        Assert.All(findings, finding => Assert.Contains(expected!, finding, StringComparison.Ordinal));
    }

    private async Task<string[]> FindingsAsync(string extensions)
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("\"RoundRobin\",", $"\"Adaptive\", \"Extensions\": {{ {extensions} }},", StringComparison.Ordinal));
        return [.. (await TestDirectory.CheckAsync(_directory.Sources)).Select(error => error.ToString())];
    }
}
