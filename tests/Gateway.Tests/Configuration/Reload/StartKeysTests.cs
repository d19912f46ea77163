using System.Text.Json.Nodes;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Reload;

namespace BlazeGateway.Tests.Configuration.Reload;

/// <summary>Keys a process reads at its start only: who asks is told that they changed, and shown what they still are.</summary>
public sealed class StartKeysTests : IAsyncLifetime
{
    private readonly WatchedConfiguration _files = new("""{ "Admin": { "Url": "http://127.0.0.1:9", "AllowedHosts": [ "a", "b" ], "MaxConnections": 7 } }""");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _files.Provider.LoadAsync(cancellationToken: Cancel);

    public ValueTask DisposeAsync() => _files.DisposeAsync();

    [Fact]
    public async Task Changed_keys_are_named_until_they_are_put_back()
    {
        Settings("""{ "Admin": { "Url": "http://127.0.0.1:10", "AllowedHosts": [ "a", "c" ] }, "Proxy": { "Urls": "http://127.0.0.1:11" } }""");
        Assert.Equal(["Admin:AllowedHosts", "Admin:MaxConnections", "Admin:Url", "Proxy:Urls"], (await ReloadAsync()).Status.NeedsRestart);
        Assert.Single(_files.Logs.Lines, static line => line == "Changed, but read at the start only: Admin:AllowedHosts, Admin:MaxConnections, Admin:Url, Proxy:Urls; they take effect at the next start");

        Settings("""{ "admin": { "url": "http://127.0.0.1:9", "AllowedHosts": [ "a", "b" ], "MaxConnections": 7 } }""");
        Assert.Empty((await ReloadAsync()).Status.NeedsRestart);
        Assert.Single(_files.Logs.Lines, IsWarning);
    }

    [Fact]
    public async Task What_is_refused_and_what_changes_nothing_leaves_them_named()
    {
        Settings("""{ "Admin": { "Url": "http://127.0.0.1:10", "AllowedHosts": [ "a", "b" ], "MaxConnections": 7 } }""");
        await ReloadAsync();
        Assert.Equal(["Admin:Url"], (await ReloadAsync(ReloadOutcome.Unchanged)).Status.NeedsRestart);
        _files.Directory.Write("routes.json", "{");
        Assert.Equal(["Admin:Url"], (await ReloadAsync(ReloadOutcome.Rejected)).Status.NeedsRestart);
        _files.WritePath("/new/{**rest}");
        Assert.Equal(["Admin:Url"], (await ReloadAsync()).Status.NeedsRestart);
        Assert.Single(_files.Logs.Lines, IsWarning);
    }

    [Fact]
    public async Task A_secret_is_named_as_often_as_it_changes_and_never_shown()
    {
        _files.Directory.Write("secrets/Telemetry__Otlp__Headers", "key=one");
        Assert.Equal(["Telemetry:Otlp:Headers"], (await ReloadAsync()).Status.NeedsRestart);
        _files.Directory.Write("secrets/Telemetry__Otlp__Headers", "key=two");
        await ReloadAsync();
        Assert.Equal(2, _files.Logs.Lines.Count(IsWarning));
        Assert.DoesNotContain(_files.Logs.Lines, static line => line.Contains("key=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_shown_is_what_is_in_effect()
    {
        var hash = new string('0', 64);
        Settings($$"""{ "Admin": { "Url": "http://127.0.0.1:10", "Tokens": { "alice": { "Hash": "{{hash}}" } } }, "Proxy": { "Urls": "http://127.0.0.1:11" } }""");
        _files.WritePath("/new/{**rest}");
        await ReloadAsync();
        var effective = JsonNode.Parse(_files.Provider.Effective())!;
        Assert.Equal("""{"Url":"http://127.0.0.1:9","Tokens":{"alice":{"Hash":"***"}},"AllowedHosts":["a","b"],"MaxConnections":7}""", effective["Admin"]!.ToJsonString());
        Assert.Null(effective["Proxy"]);
        Assert.Equal("/new/{**rest}", (string)effective["ReverseProxy"]!["Routes"]!["files"]!["Match"]!["Path"]!);
    }

    [Fact]
    public async Task What_changed_while_the_process_started_waits_for_the_next_start_too()
    {
        await using var files = new WatchedConfiguration("""{ "Admin": { "Url": "http://127.0.0.1:9" } }""");
        var started = ConfigurationLoader.Load(files.Directory.Sources);
        files.Directory.Write("appsettings.json", """{ "Admin": { "Url": "http://127.0.0.1:10" } }""");
        await files.Provider.LoadAsync(started, Cancel);
        Assert.Equal(["Admin:Url"], files.Provider.Status.NeedsRestart);
        Assert.Single(files.Logs.Lines, IsWarning);
        Assert.Equal("http://127.0.0.1:9", (string)JsonNode.Parse(files.Provider.Effective())!["Admin"]!["Url"]!);
    }

    [Fact]
    public async Task Nothing_is_said_to_be_served_before_the_second_configuration()
    {
        Assert.Single(_files.Logs.Lines, static line => line == "Configuration 1 is loaded. Routes: 2, clusters: 2");
        Assert.DoesNotContain(_files.Logs.Lines, static line => line.Contains("is served", StringComparison.Ordinal));
        _files.WritePath("/new/{**rest}");
        await ReloadAsync();
        Assert.Single(_files.Logs.Lines, static line => line == "Configuration 2 is served. Routes: 2, clusters: 2, changes: 1");
    }

    private static bool IsWarning(string line) => line.Contains("take effect at the next start", StringComparison.Ordinal);

    private void Settings(string text) => _files.Directory.Write("appsettings.json", text);

    private async Task<ReloadResult> ReloadAsync(ReloadOutcome expected = ReloadOutcome.Applied)
    {
        var result = await _files.Provider.ReloadNowAsync(Cancel);
        Assert.Equal(expected, result.Outcome);
        return result;
    }
}
