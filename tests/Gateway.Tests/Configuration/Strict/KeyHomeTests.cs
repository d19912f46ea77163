using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.Tests.Configuration.Strict;

/// <summary>A key in the wrong place is told where it belongs, and none that exists is said to be missing from this version.</summary>
public sealed class KeyHomeTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_exists_is_not_said_to_be_missing() => Assert.All(StrictCheck.NotYet, static key => Assert.False(KeyHome.IsKnown(key), key));

    [Theory]
    [InlineData("\"ClusterId\": \"web\"", "Admission", "Extensions of a cluster")]
    [InlineData("\"ClusterId\": \"web\"", "QueueLimit", "Admission of a cluster's Extensions")]
    [InlineData("\"ClusterId\": \"web\"", "MaxAttempts", "Retry of a route's Extensions")]
    [InlineData("\"ClusterId\": \"web\"", "Timeouts", "Extensions of a route")]
    [InlineData("\"ClusterId\": \"web\"", "RetryBudget", "Extensions of a cluster")]
    [InlineData("\"ClusterId\": \"web\"", "LoadBalancingPolicy", "a cluster")]
    [InlineData("\"LoadBalancingPolicy\": \"RoundRobin\"", "Timeouts", "Extensions of a cluster")]
    [InlineData("\"LoadBalancingPolicy\": \"RoundRobin\"", "Continuation", "Extensions of a route")]
    [InlineData("\"LoadBalancingPolicy\": \"RoundRobin\"", "Retry", "Extensions of a route")]
    [InlineData("\"LoadBalancingPolicy\": \"RoundRobin\"", "Fallback", "Models:NAME of a route's Extensions")]
    [InlineData("\"LoadBalancingPolicy\": \"RoundRobin\"", "Match", "a route")]
    [InlineData("\"LoadBalancingPolicy\": \"RoundRobin\"", "Address", "HttpClient:WebProxy of a cluster or a destination")]
    [InlineData("\"LoadBalancingPolicy\": \"RoundRobin\"", "MaxConnectionsPerServer", "HttpClient of a cluster")]
    [InlineData("\"LoadBalancingPolicy\": \"RoundRobin\"", "Band", "Clients:Keys:NAME at the top level of the file")]
    [InlineData("\"Routes\": {", "AllowShrink", "the top level of the file")]
    [InlineData("\"ReverseProxy\": {", "Routes", "ReverseProxy at the top level of the file")]
    [InlineData("\"ReverseProxy\": {", "Weights", "Extensions of a cluster")]
    public async Task A_key_in_the_wrong_place_is_told_where_it_belongs(string before, string key, string home)
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace(before, $"\"{key}\": {{}}, {before}", StringComparison.Ordinal));

        var finding = Assert.Single(await TestDirectory.CheckAsync(_directory.Sources));
        Assert.Equal($"Unknown key '{key}' here: '{key}' belongs to {home}.", finding.Message);
    }

    [Theory]
    [InlineData("Frobnicate", "Unknown key 'Frobnicate'. Known here: Inference, ")]
    [InlineData("Enabled", "Unknown key 'Enabled' here: 'Enabled' belongs to Continuation of a route's Extensions.")]
    [InlineData("QueueTimeouts", "Unknown key 'QueueTimeouts'. Known here: Inference, ")]
    [InlineData("queuetimeout", "Unknown key 'queuetimeout' here: 'queuetimeout' belongs to Admission of a cluster's Extensions.")]
    public async Task Extensions_of_a_route_know_their_own_keys_only(string key, string expected)
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("\"ClusterId\": \"web\"", $"\"ClusterId\": \"web\", \"Extensions\": {{ \"{key}\": {{}} }}", StringComparison.Ordinal));

        Assert.StartsWith(expected, Assert.Single(await TestDirectory.CheckAsync(_directory.Sources)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_too_many_places_is_told_of_none() => Assert.Null(KeyHome.Of(KeyPath.Of("ReverseProxy", "Enabled")));
}
