using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Checks;
using BlazeGateway.Configuration.Explain;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.Tests.Configuration.Explain;

/// <summary>What is told of limits is what is in effect: defaults included, and nothing that never comes into play.</summary>
public sealed class ExplainedLimitsTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("", "Queue", "none, for nothing bounds the cluster")]
    [InlineData("", "Admission.QueueLimit", null)]
    [InlineData("", "Capacity", null)]
    [InlineData(""" "Admission": { "QueueLimit": 5 } """, "Admission.QueueLimit", null)]
    [InlineData(""" "Admission": { "MaxInFlight": 4 } """, "Queue", null)]
    [InlineData(""" "Admission": { "MaxInFlight": 4 } """, "Admission.MaxInFlight", "4")]
    [InlineData(""" "Admission": { "MaxInFlight": 4 } """, "Admission.QueueLimit", "100")]
    [InlineData(""" "Admission": { "MaxInFlight": 4 } """, "Admission.QueueBytes", "67108864")]
    [InlineData(""" "Admission": { "MaxInFlight": 4 } """, "Admission.QueueTimeout", "00:00:10")]
    [InlineData(""" "Admission": { "MaxInFlight": 4 } """, "Admission.CriticalReserve", null)]
    [InlineData(""" "ModelServer": { "Kind": "vllm" }, "Admission": { "MaxInFlight": 4 } """, "Admission.QueueTimeout", "00:00:30")]
    [InlineData(""" "Admission": { "MaxInFlight": 4, "QueueTimeout": "00:00:07", "CriticalReserve": 0.25 } """, "Admission.QueueTimeout", "00:00:07")]
    [InlineData(""" "Admission": { "MaxInFlight": 4, "QueueTimeout": "00:00:07", "CriticalReserve": 0.25 } """, "Admission.CriticalReserve", "0.25")]
    [InlineData(""" "Admission": { "MaxInFlight": 4, "QueueLimit": 0 } """, "Queue", "none, for Admission.QueueLimit is 0; refused where the cluster is full")]
    [InlineData(""" "Admission": { "MaxInFlight": 4, "QueueLimit": 0 } """, "Admission.QueueTimeout", null)]
    [InlineData(""" "Capacity": { "a": 8 } """, "Capacity", "a 8, b any number")]
    [InlineData(""" "Capacity": { "a": 8, "*": 2 } """, "Capacity", "a 8, b 2")]
    [InlineData(""" "TokenCapacity": { "*": 9000 } """, "TokenCapacity", "a 9000, b 9000")]
    [InlineData(""" "Capacity": { "a": 8 } """, "Admission.QueueLimit", "100")]
    [InlineData(""" "Admission": { "Adaptive": true } """, "Admission.Adaptive", "what each destination takes is learned")]
    [InlineData(""" "Timeouts": { "Total": "00:02:00" } """, "Total", "00:02:00")]
    [InlineData("", "Total", "none")]
    [InlineData("", "Retry.MaxAttempts", "3")]
    [InlineData("", "Retry.AfterSend", "where it leaves nothing behind")]
    [InlineData(""" "RetryBudget": { "Ratio": 0.5 } """, "RetryBudget", "0.5 of the requests and 3 a second")]
    [InlineData("", "Continuation", "off")]
    public async Task What_a_cluster_says_is_told(string cluster, string name, string? expected) => Assert.Equal(expected, (await LimitsAsync("", cluster)).GetValueOrDefault(name));

    [Theory]
    [InlineData(""" "Retry": { "MaxAttempts": 1 } """, "Retry.MaxAttempts", "1")]
    [InlineData(""" "Retry": { "MaxAttempts": 1 } """, "RetryBudget", null)]
    [InlineData(""" "Retry": { "AfterSend": true } """, "Retry.AfterSend", "yes")]
    [InlineData(""" "Retry": { "AfterSend": false } """, "Retry.AfterSend", "no")]
    [InlineData(""" "Continuation": { "Enabled": true, "MaxTextBytes": 2048 } """, "Continuation", "on, up to 2048 bytes of text")]
    [InlineData(""" "Retry": { "MaxAttempts": 1 }, "Continuation": { "Enabled": true } """, "Continuation", "none, for Retry.MaxAttempts is 1")]
    [InlineData(""" "Limits": { "PerClient": { "Concurrent": 4 } } """, "Limits.PerClient.Concurrent", "4")]
    public async Task What_a_route_says_is_told(string route, string name, string? expected) =>
        Assert.Equal(expected, (await LimitsAsync(route, """ "ModelServer": { "Kind": "vllm" } """)).GetValueOrDefault(name));

    [Theory]
    [InlineData("Capacity", null)]
    [InlineData("Queue", "none, for nothing bounds the cluster")]
    public async Task What_a_strategy_does_not_go_by_is_not_told(string name, string? expected) =>
        Assert.Equal(expected, (await LimitsAsync("", """ "Capacity": { "*": 2 } """, "Random")).GetValueOrDefault(name));

    private async Task<IReadOnlyDictionary<string, string>> LimitsAsync(string route, string cluster, string strategy = "RoundRobin")
    {
        _directory.Write("routes.json", TestDirectory.Good
            .Replace("\"RoundRobin\",", $"\"{strategy}\", \"Extensions\": {{ {cluster} }},", StringComparison.Ordinal)
            .Replace("\"ClusterId\": \"llm\",", $"\"ClusterId\": \"llm\", \"Extensions\": {{ {route} }},", StringComparison.Ordinal));
        await using var services = OfflineServices.Create(_directory.Sources);
        var configuration = await services.GetRequiredService<ConfigurationChecker>().CheckAsync(ConfigurationContent.Read(_directory.Sources), null);
        return (await Explanation.CreateAsync(configuration.Snapshot!, new ExplainedRequest("POST", "/v1/chat/completions", "localhost", []), null)).Limits;
    }
}
