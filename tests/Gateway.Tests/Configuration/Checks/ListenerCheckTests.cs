using BlazeGateway.Configuration;

namespace BlazeGateway.Tests.Configuration.Checks;

public sealed class ListenerCheckTests : IDisposable
{
    private const string Hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private async Task<string[]> FindingsAsync(string admin, params (string Key, string Value)[] keys)
    {
        _directory.Write("appsettings.json", "{ \"Admin\": " + admin + " }");
        var sources = _directory.Sources with { CommandLine = [.. keys.Select(pair => KeyValuePair.Create(pair.Key, pair.Value))] };
        return [.. (await TestDirectory.CheckAsync(sources)).Select(error => error.ToString())];
    }

    private static string Token(string name, string hash = Hash) => $$"""{ "Url": "http://127.0.0.1:0", "Tokens": { "{{name}}": { "Hash": "{{hash}}", "Role": "operator" } } }""";

    [Theory]
    [InlineData("http://0.0.0.0:8090")]
    [InlineData("http://*:8090")]
    [InlineData("http://+:8090")]
    [InlineData("http://[::]:8090")]
    [InlineData("https://10.0.0.5:8090")]
    [InlineData("http://[::ffff:10.0.0.5]:8090")]
    [InlineData("http://128.0.0.1:8090")]
    public async Task What_other_machines_reach_is_refused_without_a_token_and_told_how_to_mend_it(string url)
    {
        var finding = Assert.Single(await FindingsAsync($$"""{ "Url": "{{url}}" }"""));
        Assert.Equal(
            $"appsettings.json:1:21 Admin:Url is '{url}', which other machines can reach, and there is no token under Admin:Tokens, so everybody could read and change this gateway. "
            + "Either run 'blaze token new --name NAME --role admin' and put what it prints into appsettings.json, or keep it on this machine with "
            + "'blaze run --admin-url http://127.0.0.1:8090'.  ($.Admin.Url)",
            finding);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8090")]
    [InlineData("http://localhost:8090")]
    [InlineData("http://[::1]:8090")]
    [InlineData("http://127.200.0.1:8090")]
    public async Task Loopback_needs_none(string url) => Assert.Empty(await FindingsAsync($$"""{ "Url": "{{url}}" }"""));

    [Theory]
    [InlineData("http://127.0.0.1:8090", "http://127.0.0.1:8090", true)]
    [InlineData("http://127.0.0.1:8090", "http://127.0.0.1:8080;http://127.0.0.1:8090/", true)]
    [InlineData("http://127.0.0.1:8090", "https://*:8090", true)]
    [InlineData("http://127.0.0.1:8090", "http://0.0.0.0:8090", true)]
    [InlineData("http://localhost:8090", "http://127.0.0.1:8090", true)]
    [InlineData("http://127.0.0.1:8090", "http://localhost:8090", true)]
    [InlineData("http://[::1]:8090", "http://[::]:8090", true)]
    [InlineData("http://[::1]:8090", "http://127.0.0.1:8090", false)]
    [InlineData("http://[::1]:8090", "http://0.0.0.0:8090", false)]
    [InlineData("http://127.0.0.1:8090", "http://127.0.0.2:8090", false)]
    [InlineData("http://127.0.0.1:0", "http://127.0.0.1:0", false)]
    public async Task It_is_apart_from_the_address_of_clients(string admin, string proxy, bool refused)
    {
        var findings = await FindingsAsync($$"""{ "Url": "{{admin}}" }, "Proxy": { "Urls": "{{proxy}}" }""");
        Assert.Equal(
            refused ? [$"appsettings.json:1:21 Admin:Url is '{admin}', which Proxy:Urls '{proxy}' takes too; operators have an address of their own. Give one of them another port, such as --admin-url http://127.0.0.1:8091.  ($.Admin.Url)"] : [],
            findings);
    }

    [Fact]
    public async Task The_address_of_clients_is_told_when_the_other_is_the_default() => Assert.StartsWith(
        "option --Proxy:Urls Admin:Url is 'http://127.0.0.1:8090', which Proxy:Urls 'http://127.0.0.1:8090' takes too",
        Assert.Single(await FindingsAsync("{}", ("Proxy:Urls", "http://127.0.0.1:8090"))),
        StringComparison.Ordinal);

    [Fact]
    public async Task Clients_are_not_listened_for_twice_at_one_port() => Assert.StartsWith(
        "option --Proxy:Urls Proxy:Urls is 'http://127.0.0.1:1;http://*:1', which takes port 1 twice",
        Assert.Single(await FindingsAsync("{}", ("Proxy:Urls", "http://127.0.0.1:1;http://*:1"))),
        StringComparison.Ordinal);

    [Fact]
    public async Task The_command_line_cannot_open_it_either() => Assert.StartsWith(
        "option --Admin:Url Admin:Url is 'http://0.0.0.0:1'", Assert.Single(await FindingsAsync("{}", ("Admin:Url", "http://0.0.0.0:1"))), StringComparison.Ordinal);

    [Theory]
    [InlineData("http", true)]
    [InlineData("https", false)]
    public async Task With_a_token_it_is_open_and_a_warning_says_if_the_token_travels_in_the_clear(string scheme, bool warned)
    {
        var findings = await FindingsAsync(Token("alice"), ("Admin:Url", scheme + "://0.0.0.0:8090"));
        Assert.Equal(warned ? ["option --Admin:Url warning: Admin:Url is 'http://0.0.0.0:8090', where tokens travel unencrypted; use https:// with Proxy:Certificate, or a tunnel to a loopback address.  ($.Admin.Url)"] : [], findings);
    }

    [Fact]
    public async Task A_token_may_come_from_a_secret()
    {
        _directory.Write("secrets/Admin__Tokens__alice__Hash", Hash + "\n");
        Assert.Empty(await FindingsAsync("""{ "Url": "https://0.0.0.0:8090" }"""));
        Assert.DoesNotContain(Hash, MaskedView.Write(ConfigurationLoader.Load(_directory.Sources).Root), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("local", "appsettings.json:1:55 'local' cannot be the name of a token; the audit log calls callers without a token so. Choose another.  ($.Admin.Tokens.local)")]
    [InlineData("Anonymous", "appsettings.json:1:55 'Anonymous' cannot be the name of a token; the audit log calls callers without a token so. Choose another.  ($.Admin.Tokens.Anonymous)")]
    [InlineData("a b", "appsettings.json:1:55 'a b' cannot be the name of a token; a name has 1 to 64 characters of A-Z a-z 0-9 . _ -  ($.Admin.Tokens['a b'])")]
    public async Task A_name_that_would_mislead_is_refused(string name, string expected) => Assert.Equal([expected], await FindingsAsync(Token(name)));

    [Theory]
    [InlineData("blaze-admin-canary", "'Hash' is \"***\"; it must be a SHA-256 in 64 hexadecimal digits, as 'blaze token new' prints it.")]
    [InlineData("", "'Hash' is \"***\"; it must be a SHA-256 in 64 hexadecimal digits, as 'blaze token new' prints it.")]
    public async Task A_hash_that_is_none_is_not_repeated_for_it_may_be_the_token(string hash, string expected) =>
        Assert.Contains(expected, Assert.Single(await FindingsAsync(Token("alice", hash))), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"Role\": \"viewer\"", "'Hash' is missing.")]
    [InlineData($"\"Hash\": \"{Hash}\", \"Role\": \"root\"", "'Role' is \"root\"; it must be one of viewer, operator, admin.")]
    [InlineData($"\"Hash\": \"{Hash}\", \"Expires\": \"tomorrow\"", "'Expires' is \"tomorrow\"; it must be a date and time with its zone, such as \"2027-01-31T00:00:00Z\".")]
    [InlineData($"\"Hash\": \"{Hash}\", \"Expires\": \"2027-01-31\"", "'Expires' is \"2027-01-31\"; it must be a date and time with its zone")]
    [InlineData($"\"Hash\": \"{Hash}\", \"Expires\": \"2027-01-31T00:00:00\"", "'Expires' is \"2027-01-31T00:00:00\"; it must be a date and time with its zone")]
    [InlineData($"\"Hash\": \"{Hash}\", \"Expires\": \"2027-02-30T00:00:00Z\"", "'Expires' is \"2027-02-30T00:00:00Z\"; it must be a date and time with its zone")]
    [InlineData($"\"Hash\": \"{Hash}\", \"Expire\": \"2027-01-31T00:00:00Z\"", "Unknown key 'Expire'.  did you mean 'Expires'?")]
    public async Task A_token_that_is_written_wrong_is_named(string entry, string expected) =>
        Assert.Contains(expected, Assert.Single(await FindingsAsync("{ \"Tokens\": { \"alice\": { " + entry + " } } }")), StringComparison.Ordinal);

    [Theory]
    [InlineData("2027-01-31T00:00:00Z")]
    [InlineData("2027-01-31T00:00:00.5+02:00")]
    public async Task A_moment_is_read_as_written(string moment)
    {
        Assert.Empty(await FindingsAsync("{ \"Tokens\": { \"alice\": { \"Hash\": \"" + Hash + "\", \"Expires\": \"" + moment + "\" } } }"));
        var token = ConfigurationLoader.Load(_directory.Sources).ReadProcessOptions().Admin.Tokens["ALICE"];
        Assert.Equal(DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture), token.Expires);
        Assert.Equal("viewer", token.Role);
    }

    [Theory]
    [InlineData(256, 0)]
    [InlineData(257, 1)]
    public async Task There_is_a_limit_to_tokens(int count, int findings)
    {
        var tokens = Enumerable.Range(0, count).Select(i => $"\"t{i}\": {{ \"Hash\": \"{i:x64}\" }}");
        var found = await FindingsAsync("{ \"Tokens\": { " + string.Join(", ", tokens) + " } }");
        Assert.Equal(findings, found.Length);
        Assert.All(found, finding => Assert.Contains("There are 257 tokens; at most 256 are allowed", finding, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_same_token_twice_is_refused() => Assert.Contains(
        "Tokens 'alice' and 'bob' are the same token",
        Assert.Single(await FindingsAsync($$"""{ "Tokens": { "alice": { "Hash": "{{Hash}}" }, "bob": { "Hash": "{{Hash.ToUpperInvariant()}}" } } }""")),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("AllowedHosts", "gateway.example.com", true)]
    [InlineData("AllowedHosts", "10.0.0.5", true)]
    [InlineData("AllowedHosts", "fd00::5", true)]
    [InlineData("AllowedHosts", "gateway.example.com:8090", false)]
    [InlineData("AllowedHosts", "http://gateway.example.com", false)]
    [InlineData("AllowedHosts", "*", false)]
    [InlineData("AllowedHosts", "", false)]
    [InlineData("AllowedOrigins", "https://gateway.example.com", true)]
    [InlineData("AllowedOrigins", "http://gateway.example.com:8090", true)]
    [InlineData("AllowedOrigins", "https://gateway.example.com/", false)]
    [InlineData("AllowedOrigins", "gateway.example.com", false)]
    [InlineData("AllowedOrigins", "https://me@gateway.example.com", false)]
    [InlineData("AllowedOrigins", "null", false)]
    [InlineData("AllowedOrigins", "*", false)]
    public async Task An_entry_of_a_list_that_could_match_nothing_is_named(string key, string value, bool isValid)
    {
        var findings = await FindingsAsync($$"""{ "{{key}}": [ "{{value}}" ] }""");
        Assert.Equal(isValid ? 0 : 1, findings.Length);
        Assert.All(findings, finding => Assert.Contains($"'{value}' under Admin:{key} matches no request; write ", finding, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Admin:Url", "http://gateway:8090", "Admin:Url (--admin-url): 'http://gateway:8090' is not an address to listen on; the host must be an IP address, localhost, or * for every address")]
    [InlineData("Proxy:Urls", "http://127.0.0.1:8080;http://127.0.0.1:99999", "Proxy:Urls (--urls): 'http://127.0.0.1:99999' is not an address to listen on; the port must be a number from 0 to 65535")]
    public async Task An_address_nobody_could_listen_on_is_found_before_the_start(string key, string value, string expected) =>
        Assert.Contains(expected, Assert.Single(await FindingsAsync("{}", (key, value))), StringComparison.Ordinal);
}
