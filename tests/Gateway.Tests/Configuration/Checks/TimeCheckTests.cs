namespace BlazeGateway.Tests.Configuration.Checks;

/// <summary>Every time that reaches a timer or is added to a timestamp has a longest value, far below what either takes.</summary>
public sealed class TimeCheckTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("Health", "SlowStartWindow", "00:00:00.999", "00:00:01", "00:00:01.001")]
    [InlineData("Timeouts", "FirstByte", "00:00:00", "00:00:00.0000001", "00:00:00.0000002")]
    [InlineData("Timeouts", "BetweenChunks", "00:00:00", "00:00:00.0000001", "00:00:00.0000002")]
    [InlineData("Timeouts", "Total", "00:00:00", "00:00:00.0000001", "00:00:00.0000002")]
    public async Task A_time_has_a_shortest_value(string section, string key, string below, string at, string above)
    {
        await AssertRefusedAsync(Cluster(section, key, below), key, below, $"it must be a time from {at} to ");
        Assert.Empty(await FindingsAsync(Cluster(section, key, at)));
        Assert.Empty(await FindingsAsync(Cluster(section, key, above)));
    }

    [Theory]
    [InlineData("Health", "SlowStartWindow", "00:59:59.999", "01:00:00", "01:00:00.001")]
    [InlineData("Timeouts", "FirstByte", "23:59:59.999", "1.00:00:00", "1.00:00:00.001")]
    [InlineData("Timeouts", "BetweenChunks", "23:59:59.999", "1.00:00:00", "1.00:00:00.001")]
    [InlineData("Timeouts", "Total", "23:59:59.999", "1.00:00:00", "1.00:00:00.001")]
    [InlineData("Timeouts", "Total", "23:59:59.999", "1.00:00:00", "9999999.00:00:00")]
    public async Task A_time_has_a_longest_value(string section, string key, string below, string at, string above)
    {
        Assert.Empty(await FindingsAsync(Cluster(section, key, below)));
        Assert.Empty(await FindingsAsync(Cluster(section, key, at)));
        await AssertRefusedAsync(Cluster(section, key, above), key, above, $" to {at}, written");
    }

    [Theory]
    [InlineData("FirstByte")]
    [InlineData("BetweenChunks")]
    [InlineData("Total")]
    public async Task So_has_that_of_a_route(string key)
    {
        Assert.Empty(await FindingsAsync(Route(key, "00:00:00.0000001")));
        Assert.Empty(await FindingsAsync(Route(key, "1.00:00:00")));
        await AssertRefusedAsync(Route(key, "00:00:00"), key, "00:00:00", "it must be a time from 00:00:00.0000001 to 1.00:00:00");
        await AssertRefusedAsync(Route(key, "1.00:00:00.001"), key, "1.00:00:00.001", "it must be a time from 00:00:00.0000001 to 1.00:00:00");

        static string Route(string key, string value) =>
            TestDirectory.Good.Replace("/files/{**rest}\" }", $"/files/{{**rest}}\" }}, \"Extensions\": {{ \"Timeouts\": {{ \"{key}\": \"{value}\" }} }}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ActivityTimeout", "\"RoundRobin\",", "\"RoundRobin\", \"HttpRequest\": { \"ActivityTimeout\": \"TIME\" },")]
    [InlineData("Interval", "\"RoundRobin\",", "\"RoundRobin\", \"HealthCheck\": { \"Active\": { \"Interval\": \"TIME\" } },")]
    [InlineData("ReactivationPeriod", "\"RoundRobin\",", "\"RoundRobin\", \"HealthCheck\": { \"Passive\": { \"ReactivationPeriod\": \"TIME\" } },")]
    [InlineData("Timeout", "/files/{**rest}\" }", "/files/{**rest}\" }, \"Timeout\": \"TIME\"")]
    [InlineData("KeepAliveTimeout", "\"ReverseProxy\": {", "\"Kestrel\": { \"Limits\": { \"KeepAliveTimeout\": \"TIME\" } }, \"ReverseProxy\": {")]
    [InlineData("RequestHeadersTimeout", "\"ReverseProxy\": {", "\"Kestrel\": { \"Limits\": { \"RequestHeadersTimeout\": \"TIME\" } }, \"ReverseProxy\": {")]
    [InlineData("GracePeriod", "\"ReverseProxy\": {", "\"Kestrel\": { \"Limits\": { \"MinResponseDataRate\": { \"GracePeriod\": \"TIME\" } } }, \"ReverseProxy\": {")]
    public async Task So_have_those_of_the_server_and_of_the_proxy(string key, string place, string text)
    {
        Assert.Empty(await FindingsAsync(Text("23.23:59:59.999")));
        Assert.Empty(await FindingsAsync(Text("24.00:00:00")));
        await AssertRefusedAsync(Text("24.00:00:00.001"), key, "24.00:00:00.001", "it must be a time of at most 24.00:00:00, written");

        string Text(string time) => TestDirectory.Good.Replace(place, text.Replace("TIME", time, StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private static string Cluster(string section, string key, string value) => TestDirectory.Good.Replace(
        "\"RoundRobin\",", $"\"RoundRobin\", \"Extensions\": {{ \"{section}\": {{ \"{key}\": \"{value}\" }} }},", StringComparison.Ordinal);

    private async Task AssertRefusedAsync(string routes, string key, string value, string rule)
    {
        var finding = Assert.Single(await FindingsAsync(routes));
        Assert.Contains($"'{key}' is \"{value}\"; ", finding, StringComparison.Ordinal);
        Assert.Contains(rule, finding, StringComparison.Ordinal);
    }

    private async Task<string[]> FindingsAsync(string routes)
    {
        Assert.False(routes.Equals(TestDirectory.Good, StringComparison.Ordinal), "Nothing was changed.");
        _directory.Write("routes.json", routes);
        return [.. (await TestDirectory.CheckAsync(_directory.Sources)).Select(static error => error.ToString())];
    }
}
