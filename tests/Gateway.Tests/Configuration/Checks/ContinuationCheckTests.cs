namespace BlazeGateway.Tests.Configuration.Checks;

public sealed class ContinuationCheckTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("vllm")]
    [InlineData("sglang")]
    [InlineData("tgi")]
    [InlineData("llamacpp")]
    public async Task Kinds_that_continue_are_right(string kind) => Assert.Empty(await FindingsAsync(Enabled, Kind(kind)));

    [Theory]
    [InlineData("ollama", "'llm': ollama")]
    [InlineData("generic", "'llm': generic")]
    [InlineData("openai", "'llm': openai")]
    [InlineData("trtllm", "'llm': trtllm")]
    [InlineData(null, "'llm': no ModelServer.Kind")]
    public async Task Where_no_cluster_could_it_is_an_error(string? kind, string described)
    {
        var finding = Assert.Single(await FindingsAsync(Enabled, kind is null ? "" : Kind(kind)));
        Assert.StartsWith("routes.json:4:", finding, StringComparison.Ordinal);
        Assert.Contains(
            $"Continuation of route 'chat' is enabled, but no cluster it reaches ({described}) has model servers that go on with an answer; the kinds that do are vllm, sglang, tgi, llamacpp. "
            + "Set Extensions.ModelServer.Kind of a cluster to what its servers are, or take Continuation out.",
            finding,
            StringComparison.Ordinal);
        Assert.Empty(await FindingsAsync(""" "Continuation": { "Enabled": false } """, kind is null ? "" : Kind(kind)));
    }

    [Theory]
    [InlineData(""" "Models": { "a": {}, "b": { "Cluster": "web" } } """, "vllm", null)]
    [InlineData(""" "Models": { "b": { "Cluster": "web" } } """, "vllm", "('web': no ModelServer.Kind)")]
    [InlineData(""" "Models": { "a": {}, "b": { "Cluster": "WEB" } } """, "ollama", "('llm': ollama, 'WEB': no ModelServer.Kind)")]
    public async Task One_cluster_of_those_models_lead_to_is_enough(string models, string kind, string? expected)
    {
        var findings = await FindingsAsync($"{Enabled}, {models}", Kind(kind));
        Assert.Equal(expected is null ? 0 : 1, findings.Length);
        Assert.All(findings, finding => Assert.Contains(expected!, finding, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(""" "Inference": false """, "Continuation of route 'chat' is enabled, but its Inference is false; only streams of inference requests can be continued. Set Inference to true, or take Continuation out.")]
    [InlineData(""" "Retry": { "MaxAttempts": 1 } """, "Continuation of route 'chat' is of no use with Retry.MaxAttempts 1; allow at least 2, or take it out.")]
    public async Task What_forbids_it_is_named(string other, string expected) =>
        Assert.Contains(expected, Assert.Single(await FindingsAsync($"{Enabled}, {other}", Kind("vllm"))), StringComparison.Ordinal);

    [Theory]
    [InlineData(1023, false)]
    [InlineData(1024, true)]
    [InlineData(1025, true)]
    [InlineData(16777215, true)]
    [InlineData(16777216, true)]
    [InlineData(16777217, false)]
    [InlineData(-1, false)]
    public async Task Text_that_is_kept_has_bounds(int bytes, bool isRight)
    {
        var findings = await FindingsAsync($$""" "Continuation": { "Enabled": true, "MaxTextBytes": {{bytes}} } """, Kind("vllm"));
        Assert.Equal(isRight ? 0 : 1, findings.Length);
        Assert.All(findings, finding => Assert.Contains($"'MaxTextBytes' is {bytes}; it must be a whole number between 1,024 and 16,777,216", finding, StringComparison.Ordinal));
    }

    private const string Enabled = """ "Continuation": { "Enabled": true } """;

    private static string Kind(string kind) => $$""" "Extensions": { "ModelServer": { "Kind": "{{kind}}" } }, """;

    private async Task<string[]> FindingsAsync(string route, string cluster)
    {
        _directory.Write("routes.json", TestDirectory.Good
            .Replace("\"chat\": { \"ClusterId\": \"llm\",", $"\"chat\": {{ \"ClusterId\": \"llm\", \"Extensions\": {{ {route} }},", StringComparison.Ordinal)
            .Replace("\"RoundRobin\",", $"\"RoundRobin\", {cluster}", StringComparison.Ordinal));
        return [.. (await TestDirectory.CheckAsync(_directory.Sources)).Select(error => error.ToString())];
    }
}
