namespace BlazeGateway.Tests.Configuration.Checks;

public sealed class AdmissionCheckTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(""" "MaxInFlight": 1 """)]
    [InlineData(""" "MaxInFlight": 1000000 """)]
    [InlineData(""" "QueueLimit": 0 """)]
    [InlineData(""" "QueueLimit": 10000 """)]
    [InlineData(""" "QueueBytes": 1024 """)]
    [InlineData(""" "QueueBytes": 17179869184 """)]
    [InlineData(""" "QueueTimeout": "00:00:01" """)]
    [InlineData(""" "QueueTimeout": "01:00:00" """)]
    [InlineData(""" "Adaptive": true """)]
    [InlineData(""" "CriticalReserve": 0 """)]
    [InlineData(""" "CriticalReserve": 0.5, "MaxInFlight": 2 """)]
    [InlineData(""" "CriticalReserve": 0.01, "Adaptive": true """)]
    [InlineData(""" "CriticalReserve": 0.1 }, "Capacity": { "*": 2 """)]
    [InlineData(""" "CriticalReserve": 0.1 }, "Capacity": { "a": 2, "b": 3 """)]
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
    public async Task What_is_beyond_its_bounds_is_told_at_its_place(string admission, string expected)
    {
        var finding = Assert.Single(await FindingsAsync(admission));
        Assert.StartsWith("routes.json:9:", finding, StringComparison.Ordinal);
        Assert.Contains(expected, finding, StringComparison.Ordinal);
    }

    private async Task<string[]> FindingsAsync(string admission)
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("\"RoundRobin\",", $"\"RoundRobin\", \"Extensions\": {{ \"Admission\": {{ {admission} }} }},", StringComparison.Ordinal));
        return [.. (await TestDirectory.CheckAsync(_directory.Sources)).Select(static error => error.ToString())];
    }
}
