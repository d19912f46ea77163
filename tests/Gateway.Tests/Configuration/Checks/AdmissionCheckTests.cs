namespace BlazeGateway.Tests.Configuration.Checks;

public sealed class AdmissionCheckTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(""" "MaxInFlight": 1 """)]
    [InlineData(""" "MaxInFlight": 1000000 """)]
    [InlineData(""" "QueueLimit": 0 """)]
    [InlineData(""" "QueueLimit": 10000, "MaxInFlight": 1 """)]
    [InlineData(""" "QueueBytes": 1024, "MaxInFlight": 1 """)]
    [InlineData(""" "QueueBytes": 17179869184, "MaxInFlight": 1 """)]
    [InlineData(""" "QueueTimeout": "00:00:01", "MaxInFlight": 1 """)]
    [InlineData(""" "QueueTimeout": "01:00:00", "MaxInFlight": 1 """)]
    [InlineData(""" "Adaptive": true """)]
    [InlineData(""" "CriticalReserve": 0 """)]
    [InlineData(""" "CriticalReserve": 0.5, "MaxInFlight": 2 """)]
    [InlineData(""" "CriticalReserve": 0.01, "Adaptive": true """)]
    [InlineData(""" "CriticalReserve": 0.1 }, "Capacity": { "*": 2 """)]
    [InlineData(""" "CriticalReserve": 0.1 }, "Capacity": { "a": 2, "b": 3 """)]
    [InlineData(""" "QueueLimit": 1 }, "Capacity": { "a": 1 """)]
    [InlineData(""" "QueueLimit": 1 }, "TokenCapacity": { "a": 1 """)]
    [InlineData(""" "QueueLimit": 1, "Adaptive": true """)]
    [InlineData(""" "QueueTimeout": "00:00:05", "MaxInFlight": 1 }, "Timeouts": { "Total": "00:00:05" """)]
    [InlineData(""" "QueueTimeout": "00:00:05" , "QueueLimit": 0, "MaxInFlight": 1 }, "Timeouts": { "Total": "00:00:04" """)]
    [InlineData(""" }, "CircuitBreaker": { "Enabled": false """)]
    [InlineData(""" }, "CircuitBreaker": { "FailureRatio": 0.5 """)]
    [InlineData(""" "MaxInFlight": 2, "QueueLimit": 1, "QueueBytes": 1025, "QueueTimeout": "00:00:01.001", "Adaptive": false """)]
    public async Task What_is_within_its_bounds_has_no_finding(string admission) => Assert.Empty(await FindingsAsync(admission));

    [Theory]
    [InlineData(""" "MaxInFlight": 0 """, "'MaxInFlight' is 0; it must be a whole number between 1 and 1,000,000")]
    [InlineData(""" "MaxInFlight": 1000001 """, "'MaxInFlight' is 1000001; it must be a whole number between 1 and 1,000,000")]
    [InlineData(""" "QueueLimit": -1 """, "'QueueLimit' is -1; it must be a whole number between 0 and 10,000")]
    [InlineData(""" "QueueLimit": 10001 """, "'QueueLimit' is 10001; it must be a whole number between 0 and 10,000")]
    [InlineData(""" "QueueBytes": 1023 """, "'QueueBytes' is 1023; it must be a whole number between 1,024 and 17,179,869,184")]
    [InlineData(""" "QueueBytes": 17179869185 """, "'QueueBytes' is 17179869185; it must be a whole number between 1,024 and 17,179,869,184")]
    [InlineData(""" "QueueTimeout": "00:00:00.999" """, "'QueueTimeout' is \"00:00:00.999\"; it must be a time from 00:00:01 to 01:00:00")]
    [InlineData(""" "QueueTimeout": "01:00:00.001" """, "'QueueTimeout' is \"01:00:00.001\"; it must be a time from 00:00:01 to 01:00:00")]
    [InlineData(""" "CriticalReserve": -0.01 """, "'CriticalReserve' is -0.01; it must be a number between 0 and 0.5")]
    [InlineData(""" "CriticalReserve": 0.51 """, "'CriticalReserve' is 0.51; it must be a number between 0 and 0.5")]
    [InlineData(""" "CriticalReserve": 0.1 """, "CriticalReserve of cluster 'llm' keeps nothing free")]
    [InlineData(""" "CriticalReserve": 0.1 }, "Capacity": { "a": 2 """, "CriticalReserve of cluster 'llm' keeps nothing free")]
    [InlineData(""" "CriticalReserve": 0.1 }, "TokenCapacity": { "*": 2 """, "CriticalReserve of cluster 'llm' keeps nothing free")]
    [InlineData(""" "CriticalReserve": 0.1, "MaxInFlight": 1 """, "CriticalReserve of cluster 'llm' keeps nothing free, for the cluster has one place only, and the only one is never kept; allow more by Capacity or MaxInFlight, or take it out.")]
    [InlineData(""" "CriticalReserve": 0.1, "MaxInFlight": 9 }, "Weights": { "b": 0 }, "Capacity": { "*": 1 """, "CriticalReserve of cluster 'llm' keeps nothing free, for the cluster has one place only")]
    [InlineData(""" "QueueLimit": 1 """, "QueueLimit of cluster 'llm' is of no use: nothing bounds the cluster, so nothing ever waits; set Capacity, TokenCapacity, MaxInFlight or Adaptive, or take it out.")]
    [InlineData(""" "QueueBytes": 1024, "QueueTimeout": "00:00:01", "QueueLimit": 0 """, "QueueTimeout, QueueBytes of cluster 'llm' are of no use: nothing bounds the cluster, so nothing ever waits; set Capacity, TokenCapacity, MaxInFlight or Adaptive, or take them out.")]
    [InlineData(""" "QueueTimeout": "00:00:05.001", "MaxInFlight": 1 }, "Timeouts": { "Total": "00:00:05" """, "QueueTimeout of cluster 'llm' is 00:00:05.0010000, but Timeouts.Total ends every request that can reach it after 00:00:05 at most")]
    [InlineData(""" }, "CircuitBreaker": { "Enabled": false, "FailureRatio": 0.5 """, "CircuitBreaker of cluster 'llm' sets FailureRatio, but its Enabled is false; take it out, or turn it on.")]
    [InlineData(""" }, "Health": { "Eject": false }, "CircuitBreaker": { "FailureRatio": 0.5, "MinimumThroughput": 3 """, "CircuitBreaker of cluster 'llm' sets FailureRatio, MinimumThroughput, but Health.Eject is false, so no destination has a circuit; take them out, or turn it on.")]
    public async Task What_is_beyond_its_bounds_is_told_at_its_place(string admission, string expected)
    {
        var finding = Assert.Single(await FindingsAsync(admission));
        Assert.StartsWith("routes.json:9:", finding, StringComparison.Ordinal);
        Assert.Contains(expected, finding, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "QueueLimit": 1 }, "Capacity": { "*": 2 """, "QueueLimit of cluster 'llm' is of no use: the strategy 'random' is YARP's and knows no room on destinations, so nothing ever waits; choose a strategy of the gateway's own and set Capacity, or set MaxInFlight, or take it out.")]
    [InlineData(""" "CriticalReserve": 0.1, "Adaptive": true """, "CriticalReserve of cluster 'llm' keeps nothing free, for the strategy 'random' is YARP's and knows no room on destinations; choose a strategy of the gateway's own and set Capacity, or set MaxInFlight, or take it out.")]
    [InlineData(""" "QueueLimit": 1, "CriticalReserve": 0.1, "MaxInFlight": 2 """, null)]
    [InlineData(""" "CriticalReserve": 0.1, "MaxInFlight": 2 }, "Capacity": { "*": 1 """, null)]
    public async Task Strategies_that_know_no_room_need_a_bound_of_the_cluster(string admission, string? expected)
    {
        var findings = (await FindingsAsync(admission, "random")).Where(static finding => !finding.Contains("Capacity of cluster", StringComparison.Ordinal));

        Assert.Equal(expected is null ? [] : new[] { "warning: " + expected }, findings.Select(static finding => finding[(finding.IndexOf(' ', StringComparison.Ordinal) + 1)..finding.IndexOf("  (", StringComparison.Ordinal)]), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("critical", true)]
    [InlineData("CRITICAL", true)]
    [InlineData("standard", false)]
    [InlineData(null, false)]
    public async Task Places_are_kept_for_somebody(string? band, bool isRight)
    {
        var findings = await FindingsAsync(""" "CriticalReserve": 0.1, "MaxInFlight": 2 """, band: band);

        Assert.Equal(isRight, !Array.Exists(findings, static finding => finding.Contains(
            "CriticalReserve of cluster 'llm' keeps places free that nobody takes, for no client in Clients.Keys has the Band critical; give it to one, or take it out.", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("00:00:04", "00:00:04", true)]
    [InlineData("00:00:04", "00:00:06", false)]
    [InlineData(null, "00:00:04", false)]
    public async Task A_wait_counts_against_the_longest_of_all_routes_to_the_cluster(string? first, string second, bool isTooLong)
    {
        static string Route(string? total, string path) =>
            $$"""{ "ClusterId": "llm", "Match": { "Path": "/{{path}}" }, "Extensions": { "Timeouts": { "Total": {{(total is null ? "null" : $"\"{total}\"")}} } } }""";
        _directory.Write("routes.json", $$"""
            {
              "ReverseProxy": {
                "Routes": { "first": {{Route(first, "a")}}, "second": {{Route(second, "b")}} },
                "Clusters": { "llm": { "Destinations": { "a": { "Address": "http://127.0.0.1:8001/" } }, "Extensions": { "Admission": { "MaxInFlight": 1, "QueueTimeout": "00:00:05" } } } }
              }
            }
            """);

        Assert.Equal(isTooLong, (await TestDirectory.CheckAsync(_directory.Sources)).Count == 1);
    }

    private async Task<string[]> FindingsAsync(string admission, string strategy = "RoundRobin", string? band = "critical")
    {
        var routes = TestDirectory.Good.Replace("\"RoundRobin\",", $"\"{strategy}\", \"Extensions\": {{ \"Admission\": {{ {admission} }} }},", StringComparison.Ordinal);
        var clients = $"\"Clients\": {{ \"Keys\": {{ \"team\": {{ \"KeyHash\": \"{new string('a', 64)}\", \"Band\": \"{band}\" }} }} }}, \"ReverseProxy\": {{";
        _directory.Write("routes.json", band is null ? routes : routes.Replace("\"ReverseProxy\": {", clients, StringComparison.Ordinal));
        return [.. (await TestDirectory.CheckAsync(_directory.Sources)).Select(static error => error.ToString())];
    }
}
