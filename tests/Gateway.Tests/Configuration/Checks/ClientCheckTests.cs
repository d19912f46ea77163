using BlazeGateway.Configuration;

namespace BlazeGateway.Tests.Configuration.Checks;

public sealed class ClientCheckTests : IDisposable
{
    private const string One = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Two = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>Each row is the section <c>Clients</c> of a good configuration and the one finding that must follow, word for word.</summary>
    [Theory]
    [InlineData($$"""{ "Keys": { "a": { "KeyHash": "{{One}}", "Band": "batch", "Share": 3 }, "b": { "KeyHash": "{{Two}}" } }, "RequireKey": true, "KnownProxies": [ "10.0.0.0/8", "fd00::1" ] }""", "")]
    [InlineData("""{ "Keys": null, "RequireKey": false }""", "")]
    [InlineData($$"""{ "Keys": { "team a": { "KeyHash": "{{One}}" } } }""",
        "appsettings.json:1:26 'team a' cannot be the name of a client; a name has 1 to 64 characters of A-Z a-z 0-9 . _ -  ($.Clients.Keys['team a'])")]
    [InlineData($$"""{ "Keys": { "a\n": { "KeyHash": "{{One}}" } } }""",
        "appsettings.json:1:26 'a\n' cannot be the name of a client; a name has 1 to 64 characters of A-Z a-z 0-9 . _ -  ($.Clients.Keys['a\n'])")]
    [InlineData($$"""{ "Keys": { "a": { "KeyHash": "{{One}}\n" } } }""",
        "appsettings.json:1:44 'KeyHash' is \"***\"; it must be a SHA-256 in 64 hexadecimal digits, as 'blaze key new' prints it.  ($.Clients.Keys.a.KeyHash)")]
    [InlineData($$"""{ "Keys": { "a": { "KeyHash": "{{One}}" }, "b": { "KeyHash": "{{One}}" } } }""",
        "appsettings.json:1:132 Clients 'a' and 'b' have the same KeyHash, so a request could not be told whose it is; give each its own key.  ($.Clients.Keys.b.KeyHash)")]
    [InlineData("""{ "Keys": { "a": { "KeyHash": "blaze-canary" } } }""",
        "appsettings.json:1:44 'KeyHash' is \"***\"; it must be a SHA-256 in 64 hexadecimal digits, as 'blaze key new' prints it.  ($.Clients.Keys.a.KeyHash)")]
    [InlineData("""{ "Keys": { "a": { "KeyHash": "${env:CANARY}" } } }""",
        "appsettings.json:1:44 'KeyHash' is \"***\"; it must be a SHA-256 in 64 hexadecimal digits, as 'blaze key new' prints it.  ($.Clients.Keys.a.KeyHash)")]
    [InlineData("""{ "Keys": { "a": {} } }""",
        "appsettings.json:1:31 'KeyHash' is missing.  ($.Clients.Keys.a)")]
    [InlineData($$"""{ "Keys": { "a": { "KeyHash": "{{One}}", "Band": "high" } } }""",
        "appsettings.json:1:120 'Band' is \"high\"; it must be one of critical, standard, batch.  ($.Clients.Keys.a.Band)")]
    [InlineData($$"""{ "Keys": { "a": { "KeyHash": "{{One}}", "Share": 0 } } }""",
        "appsettings.json:1:121 'Share' is 0; it must be a whole number between 1 and 1,000.  ($.Clients.Keys.a.Share)")]
    [InlineData($$"""{ "Keys": { "a": { "KeyHash": "{{One}}", "Share": 1001 } } }""",
        "appsettings.json:1:121 'Share' is 1001; it must be a whole number between 1 and 1,000.  ($.Clients.Keys.a.Share)")]
    [InlineData("""{ "RequireKey": true }""",
        "appsettings.json:1:30 RequireKey is true, but Clients.Keys is empty, so every request would be refused; 'blaze key new' prints a key and its entry.  ($.Clients.RequireKey)")]
    [InlineData("""{ "KnownProxies": [ "10.0.0.1", "proxy.local" ] }""",
        "appsettings.json:1:46 Known proxy 'proxy.local' is neither an address nor a range; write one such as 10.0.0.5, 10.0.0.0/8 or fd00::/8.  ($.Clients.KnownProxies[1])")]
    [InlineData("""{ "KnownProxies": [ "0.0.0.0/0" ] }""",
        "appsettings.json:1:34 warning: Known proxy '0.0.0.0/0' holds every address, so every client may say what its address is; name your proxies.  ($.Clients.KnownProxies[0])")]
    public async Task One_mistake_gives_one_finding(string clients, string expected)
    {
        _directory.Write("appsettings.json", $$"""{ "Clients": {{clients}} }""");
        var found = await TestDirectory.CheckAsync(_directory.Sources with { Variables = [KeyValuePair.Create("CANARY", "blaze-canary")] });
        Assert.Equal(expected, string.Join('\n', found));
    }

    [Fact]
    public async Task A_route_that_requires_a_key_nobody_has_is_refused()
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("\"ClusterId\": \"web\",", "\"ClusterId\": \"web\", \"Extensions\": { \"RequireKey\": true },", StringComparison.Ordinal));
        Assert.Equal(
            "routes.json:5:68 Route 'files' requires a key, but Clients.Keys is empty, so every request would be refused; 'blaze key new' prints a key and its entry.  ($.ReverseProxy.Routes.files.Extensions.RequireKey)",
            Assert.Single(await TestDirectory.CheckAsync(_directory.Sources)).ToString());

        _directory.Write("secrets/Clients__Keys__team-a__KeyHash", One + "\n");
        Assert.Empty(await TestDirectory.CheckAsync(_directory.Sources));
    }

    [Fact]
    public void A_hash_may_be_a_secret_and_is_never_shown()
    {
        _directory.Write("secrets/Clients__Keys__team-a__KeyHash", One + "\n");
        _directory.Write("secrets/b", Two);
        _directory.Write("appsettings.json", """{ "Clients": { "Keys": { "team-b": { "KeyHash": "${secret:b}", "Share": 7 } } } }""");

        var loaded = ConfigurationLoader.Load(_directory.Sources);

        var keys = loaded.ReadProcessOptions().Clients.Keys;
        Assert.Equal((One, 1, "standard"), (keys["team-a"].KeyHash, keys["team-a"].Share, keys["team-a"].Band));
        Assert.Equal((Two, 7), (keys["TEAM-B"].KeyHash, keys["team-b"].Share));
        var shown = MaskedView.Write(loaded.Root);
        Assert.Contains("\"KeyHash\": \"***\"", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RateLimiting:MaxPartitions", "15", false)]
    [InlineData("RateLimiting:MaxPartitions", "16", true)]
    [InlineData("RateLimiting:MaxPartitions", "4194304", true)]
    [InlineData("RateLimiting:MaxPartitions", "4194305", false)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:Limits:PerClient:Concurrent", "0", false)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:Limits:PerClient:Concurrent", "1", true)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:Limits:PerEndpoint:Concurrent", "1000000", true)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:Limits:PerEndpoint:Concurrent", "1000001", false)]
    [InlineData("ReverseProxy:Clusters:llm:Extensions:Admission:MaxInFlight", "0", false)]
    [InlineData("ReverseProxy:Clusters:llm:Extensions:Admission:MaxInFlight", "1", true)]
    [InlineData("ReverseProxy:Clusters:llm:Extensions:Admission:MaxInFlight", "-1", false)]
    [InlineData("ReverseProxy:Clusters:llm:Extensions:Admission:MaxInFlight", "1e3", false)]
    public void Limits_hold_at_below_and_above(string key, string value, bool valid)
    {
        var errors = ConfigurationLoader.Load(_directory.Sources with { CommandLine = [KeyValuePair.Create(key, value)] }).Errors;
        Assert.Equal(valid, errors.All.Count == 0);
    }

    [Theory]
    [InlineData("http://127.0.0.1:0", true)]
    [InlineData("nowhere", false)]
    public void A_referred_value_keeps_its_rule(string value, bool valid)
    {
        _directory.Write("appsettings.json", """{ "Proxy": { "Urls": "${env:URLS}" } }""");
        var loaded = ConfigurationLoader.Load(_directory.Sources with { Variables = [KeyValuePair.Create("URLS", value)] });
        Assert.Equal(valid, loaded.Errors.All.Count == 0);
        Assert.DoesNotContain("nowhere", string.Join('\n', loaded.Errors.All), StringComparison.Ordinal);
        if (valid)
        {
            Assert.Equal(value, loaded.ReadProcessOptions().Proxy.Urls);
        }
    }
}
