using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Reload;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace BlazeGateway.Tests.Configuration.Reload;

public sealed class ReloadTests : IAsyncLifetime, IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly LogList _logs = new();
    private ServiceProvider _services = null!;
    private GuardedConfigProvider _provider = null!;
    private ConfigurationWatcher _watcher = null!;

    public async ValueTask InitializeAsync() => await StartAsync(_directory.Sources);

    public async ValueTask DisposeAsync()
    {
        _watcher.Dispose();
        await _services.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>The kinds of bad input of the design, with the place and the words that name each.</summary>
    [Theory]
    [InlineData("malformed", "{ \"ReverseProxy\": { \"Routes\" } }", "routes.json", 1, "$", "Not valid JSON")]
    [InlineData("truncated", null, "routes.json", 9, "$", "Not valid JSON")]
    [InlineData("empty", "", "routes.json", 1, "$", "The file is empty")]
    [InlineData("deleted", null, "routes.json", 0, "$", "The file does not exist.")]
    [InlineData("no content", "{}", "routes.json", 0, "$.ReverseProxy.Routes", "There are no routes")]
    [InlineData("unknown policy", "\"RoundRobin\"=>\"LeestRequests\"", "routes.json", 9, "$.ReverseProxy.Clusters.llm.LoadBalancingPolicy", "'LeestRequests'")]
    [InlineData("bad address", "http://127.0.0.1:8003/=>not a uri", "routes.json", 15, "$.ReverseProxy.Clusters.web.Destinations.w.Address", "'not a uri'")]
    [InlineData("duplicate address", "http://127.0.0.1:8002/=>http://127.0.0.1:8001/", "routes.json", 12, "$.ReverseProxy.Clusters.llm.Destinations.b.Address", "the same address")]
    [InlineData("missing cluster", "\"ClusterId\": \"web\"=>\"ClusterId\": \"webb\"", "routes.json", 5, "$.ReverseProxy.Routes.files.ClusterId", "does not exist")]
    [InlineData("no destinations", "{ \"w\": { \"Address\": \"http://127.0.0.1:8003/\" } }=>{}", "routes.json", 15, "$.ReverseProxy.Clusters.web", "no destinations")]
    [InlineData("bad pattern", "/files/{**rest}=>/files/{", "routes.json", 5, "$.ReverseProxy.Routes.files.Match.Path", "/files/{")]
    [InlineData("duplicate route", "\"files\":=>\"chat\":", "routes.json", 5, "$.ReverseProxy.Routes.chat", "appears twice")]
    [InlineData("missing secret", "\"RoundRobin\",=>\"RoundRobin\", \"Extensions\": { \"Credentials\": { \"a\": { \"Value\": \"${secret:none}\" } } },", "routes.json", 9,
        "$.ReverseProxy.Clusters.llm.Extensions.Credentials.a.Value", "the secret none")]
    [InlineData("most destinations gone", "\"a\": { \"Address\": \"http://127.0.0.1:8001/\" },\n=>\"x\": { \"Address\": \"http://127.0.0.1:9/\" },\n", "routes.json", 7,
        "$.ReverseProxy.Clusters", "remove 2 of 3 destinations")]
    [InlineData("all routes gone", "{ \"ReverseProxy\": { \"Routes\": {} } }", "routes.json", 1, "$.ReverseProxy.Routes", "There are no routes")]
    [InlineData("unknown key", "\"ClusterId\": \"web\"=>\"ClusterdI\": \"web\"", "routes.json", 5, "$.ReverseProxy.Routes.files.ClusterdI", "Unknown key")]
    public async Task A_bad_configuration_is_reported_once_and_the_last_good_one_stays(string kind, string? bad, string file, int line, string path, string words)
    {
        var good = _provider.GetConfig();
        switch (kind)
        {
            case "deleted":
                File.Delete(_directory.In("routes.json"));
                break;
            case "truncated":
                _directory.Write("routes.json", TestDirectory.Good[..(TestDirectory.Good.IndexOf("RoundRobin", StringComparison.Ordinal) + 3)]);
                break;
            case "most destinations gone":
                var change = bad!.Split("=>");
                _directory.Write("routes.json", TestDirectory.Good.Replace(change[0], change[1], StringComparison.Ordinal).Replace("\"b\":", "\"y\":", StringComparison.Ordinal));
                break;
            case var _ when bad!.Contains("=>", StringComparison.Ordinal):
                var parts = bad.Split("=>");
                Assert.Contains(parts[0], TestDirectory.Good, StringComparison.Ordinal);
                _directory.Write("routes.json", TestDirectory.Good.Replace(parts[0], parts[1], StringComparison.Ordinal));
                break;
            default:
                _directory.Write("routes.json", bad!);
                break;
        }

        var result = await LookUntilReloadedAsync();
        Assert.Equal(ReloadOutcome.Rejected, result!.Outcome);
        var error = Assert.Single(_provider.Status.Errors);
        Assert.Equal((file, line, path), (error.File, error.Line, error.Path));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Same(good, _provider.GetConfig());
        Assert.False(good.ChangeToken.HasChanged);
        Assert.False(_provider.Status.LastReloadSucceeded);
        Assert.Contains("blaze_config_last_reload_successful 0", await MetricsAsync(), StringComparison.Ordinal);
        Assert.Contains("blaze_config_reloads_total{result=\"rejected\"} 1", await MetricsAsync(), StringComparison.Ordinal);

        for (var i = 0; i < 300; i++)
        {
            _time.Advance(ConfigurationWatcher.Interval);
            Assert.Null(await _watcher.LookAsync());
        }

        Assert.Single(_logs.Lines, text => text.Contains("Configuration refused", StringComparison.Ordinal));

        _directory.Write("routes.json", TestDirectory.Good.Replace("/files/", "/documents/", StringComparison.Ordinal));
        var repaired = _time.GetUtcNow();
        Assert.Equal(ReloadOutcome.Applied, (await LookUntilReloadedAsync())!.Outcome);
        Assert.InRange(_time.GetUtcNow() - repaired, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.True(good.ChangeToken.HasChanged);
        Assert.Contains("blaze_config_last_reload_successful 1", await MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Going_back_to_the_served_content_clears_the_errors()
    {
        var good = _provider.GetConfig();
        _directory.Write("routes.json", "{");
        await LookUntilReloadedAsync();
        _directory.Write("routes.json", TestDirectory.Good);
        Assert.Equal(ReloadOutcome.Unchanged, (await LookUntilReloadedAsync())!.Outcome);
        Assert.True(_provider.Status.LastReloadSucceeded);
        Assert.Empty(_provider.Status.Errors);
        Assert.Same(good, _provider.GetConfig());
    }

    [Fact]
    public async Task A_change_is_served_and_its_differences_are_told()
    {
        var before = _provider.GetConfig();
        _directory.Write("routes.json", TestDirectory.Good
            .Replace("\"files\":", "\"documents\":", StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8003/", "http://127.0.0.1:8004/", StringComparison.Ordinal)
            .Replace("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Timeouts\": { \"FirstByte\": \"00:01:00\" } },", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromHours(1));
        var result = await _provider.ReloadNowAsync();

        Assert.Equal(ReloadOutcome.Applied, result.Outcome);
        Assert.Equal(
            [("added", "route", "documents"), ("removed", "route", "files"), ("changed", "cluster", "llm"), ("changed", "destination", "web/w")],
            result.Changes.Select(static change => (change.Change, change.Kind, change.Id)));
        Assert.True(before.ChangeToken.HasChanged);
        Assert.Equal((2, _time.GetUtcNow()), (_provider.Status.Version, _provider.Status.LastSuccess));
        Assert.Equal(ReloadOutcome.Unchanged, (await _provider.ReloadNowAsync()).Outcome);
        Assert.Contains("blaze_config_last_reload_success_timestamp_seconds 1893459600", await MetricsAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public async Task Half_may_be_removed_and_more_may_not(int kept, bool applied)
    {
        static string Routes(int count) => "{ \"ReverseProxy\": { \"Routes\": {"
            + string.Join(',', Enumerable.Range(0, count).Select(static i => $"\"r{i}\": {{ \"ClusterId\": \"c\", \"Match\": {{ \"Path\": \"/{i}\" }} }}"))
            + "}, \"Clusters\": { \"c\": { \"Destinations\": { \"d\": { \"Address\": \"http://127.0.0.1:1/\" } } } } } ALLOW }";
        _directory.Write("routes.json", Routes(4).Replace("ALLOW", ", \"AllowShrink\": true", StringComparison.Ordinal));
        Assert.Equal(ReloadOutcome.Applied, (await _provider.ReloadNowAsync()).Outcome);

        _directory.Write("routes.json", Routes(kept).Replace("ALLOW", "", StringComparison.Ordinal));
        var result = await _provider.ReloadNowAsync();
        Assert.Equal(applied ? ReloadOutcome.Applied : ReloadOutcome.Rejected, result.Outcome);
        if (!applied)
        {
            Assert.Equal("This would remove 3 of 4 routes, more than half; say \"AllowShrink\": true if this is meant.", Assert.Single(result.Errors).Message);
            _directory.Write("routes.json", Routes(kept).Replace("ALLOW", ", \"AllowShrink\": true", StringComparison.Ordinal));
            Assert.Equal(ReloadOutcome.Applied, (await _provider.ReloadNowAsync()).Outcome);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(30)]
    public async Task A_change_is_served_within_a_second_however_unevenly_the_looks_fall(int unevenness)
    {
        var random = new Random(unevenness + 1);
        for (var i = 1; i <= 50; i++)
        {
            await _watcher.LookAsync();
            _directory.Write("routes.json", TestDirectory.Good.Replace("/files/", $"/files-{i}/", StringComparison.Ordinal));
            var changed = _time.GetUtcNow();
            ReloadResult? result = null;
            while (result is null)
            {
                _time.Advance(ConfigurationWatcher.Interval + TimeSpan.FromMilliseconds(random.Next(-unevenness, unevenness + 1)));
                result = await _watcher.LookAsync();
            }

            Assert.Equal(ReloadOutcome.Applied, result.Outcome);
            Assert.InRange(_time.GetUtcNow() - changed, TimeSpan.Zero, TimeSpan.FromMilliseconds(950));
        }
    }

    [Fact]
    public async Task Content_must_rest_for_half_a_second()
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("/files/", "/1/", StringComparison.Ordinal));
        Assert.Null(await _watcher.LookAsync());
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Null(await _watcher.LookAsync());
        _directory.Write("routes.json", TestDirectory.Good.Replace("/files/", "/22/", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await _watcher.LookAsync());
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Null(await _watcher.LookAsync());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ReloadOutcome.Applied, (await _watcher.LookAsync())!.Outcome);
        Assert.Equal("/22/{**rest}", _provider.GetConfig().Routes.Single(static route => route.RouteId == "files").Match.Path);
    }

    [Fact]
    public async Task New_content_with_the_old_length_and_time_is_found_within_thirty_seconds()
    {
        Assert.Null(await _watcher.LookAsync());
        var path = _directory.In("routes.json");
        var written = File.GetLastWriteTimeUtc(path);
        _directory.Write("routes.json", TestDirectory.Good.Replace("/files/", "/FILES/", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(path, written);
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.Null(await _watcher.LookAsync());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await _watcher.LookAsync());
        _time.Advance(ConfigurationWatcher.Debounce);
        Assert.Equal(ReloadOutcome.Applied, (await _watcher.LookAsync())!.Outcome);
    }

    [Fact]
    public async Task A_failure_of_a_look_is_told_once_and_the_looks_go_on()
    {
        await _watcher.StartAsync(TestContext.Current.CancellationToken);
        _provider.Dispose();
        _directory.Write("routes.json", "{}");
        await Demo.Eventually.TrueAsync(() =>
        {
            _time.Advance(ConfigurationWatcher.Interval);
            return _logs.Lines.Exists(static text => text.Contains("cannot be looked at", StringComparison.Ordinal));
        });
        for (var i = 0; i < 50; i++)
        {
            _time.Advance(ConfigurationWatcher.Interval);
            await Task.Yield();
        }

        Assert.Single(_logs.Lines, static text => text.Contains("cannot be looked at", StringComparison.Ordinal));
        Assert.False(_watcher.ExecuteTask!.IsCompleted);
        await _watcher.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(_watcher.ExecuteTask.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_swapped_symbolic_link_is_noticed()
    {
        Directory.CreateDirectory(_directory.In("..v1"));
        Directory.CreateDirectory(_directory.In("..v2"));
        _directory.Write("..v1/mounted.json", TestDirectory.Good);
        _directory.Write("..v2/mounted.json", TestDirectory.Good.Replace("/files/", "/docs/", StringComparison.Ordinal));
        Directory.CreateSymbolicLink(_directory.In("..data"), "..v1");
        File.CreateSymbolicLink(_directory.In("mounted.json"), "..data/mounted.json");
        await StartAsync(_directory.Sources with { Files = ConfigurationFiles.Find("mounted.json", _directory.Path, _directory.Path) });
        Assert.Null(await LookUntilReloadedAsync());

        Directory.CreateSymbolicLink(_directory.In("..data_new"), "..v2");
        Directory.Delete(_directory.In("..data"));
        Directory.Move(_directory.In("..data_new"), _directory.In("..data"));
        var swapped = _time.GetUtcNow();
        Assert.Equal(ReloadOutcome.Applied, (await LookUntilReloadedAsync())!.Outcome);
        Assert.InRange(_time.GetUtcNow() - swapped, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal("/docs/{**rest}", _provider.GetConfig().Routes.Single(static route => route.RouteId == "files").Match.Path);
    }

    [Fact]
    public async Task A_changed_secret_is_served()
    {
        _directory.Write("secrets/key", "one");
        _directory.Write("routes.json", TestDirectory.Good.Replace(
            "\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Credentials\": { \"*\": { \"Value\": \"${secret:key}\" } } },", StringComparison.Ordinal));
        Assert.Equal(ReloadOutcome.Applied, (await LookUntilReloadedAsync())!.Outcome);
        _directory.Write("secrets/key", "two-and-longer");
        var result = await LookUntilReloadedAsync();
        Assert.Equal([new ConfigurationChange("changed", "cluster", "llm")], result!.Changes);
        Assert.DoesNotContain("two-and-longer", _provider.Effective(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_configuration_at_the_start_is_told_whole()
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("Path", "Pfad", StringComparison.Ordinal));
        var thrown = await Assert.ThrowsAsync<InvalidConfigurationException>(() => StartAsync(_directory.Sources));
        Assert.Equal([4, 5], thrown.Errors.Select(static error => error.Line));
    }

    [Fact]
    public async Task Changed_tokens_need_no_restart_and_are_told_to_who_asked()
    {
        var told = new List<string>();
        _provider.OnApplied(process => told.Add(string.Join(' ', process.Admin.Tokens.Select(pair => $"{pair.Key} {pair.Value.Role}"))));
        void Tokens(string tokens) => _directory.Write(
            "routes.json", TestDirectory.Good.Replace("\"ReverseProxy\"", "\"Admin\": { \"Tokens\": {" + tokens + "} }, \"ReverseProxy\"", StringComparison.Ordinal));

        Tokens($"\"alice\": {{ \"Hash\": \"{new string('0', 64)}\" }}");
        Assert.Equal(ReloadOutcome.Applied, (await _provider.ReloadNowAsync()).Outcome);
        Tokens($"\"alice\": {{ \"Hash\": \"{new string('1', 64)}\", \"Role\": \"admin\" }}");
        Assert.Equal(ReloadOutcome.Applied, (await _provider.ReloadNowAsync()).Outcome);
        Tokens("\"alice\": { \"Hash\": \"no\" }");
        Assert.Equal(ReloadOutcome.Rejected, (await _provider.ReloadNowAsync()).Outcome);
        Tokens("");
        Assert.Equal(ReloadOutcome.Applied, (await _provider.ReloadNowAsync()).Outcome);

        Assert.Equal(["alice viewer", "alice admin", ""], told);
        Assert.DoesNotContain(_logs.Lines, static text => text.Contains("take effect at the next start", StringComparison.Ordinal));
    }

    private async Task StartAsync(ConfigurationSources sources)
    {
        _services = OfflineServices.Create(sources, services =>
        {
            services.AddLogging(builder => builder.AddProvider(_logs));
            services.AddSingleton<TimeProvider>(_time);
            services.AddSingleton(_registry);
            services.AddSingleton<ConfigurationMetrics>();
            services.AddSingleton<GuardedConfigProvider>();
        });
        _provider = _services.GetRequiredService<GuardedConfigProvider>();
        _watcher = new ConfigurationWatcher(sources, _provider, _time, _services.GetRequiredService<ILogger<ConfigurationWatcher>>());
        await _provider.LoadAsync();
    }

    /// <summary>Looks for two seconds of fake time, as the watcher does by itself; null when nothing was reloaded.</summary>
    private async Task<ReloadResult?> LookUntilReloadedAsync()
    {
        for (var i = 0; i < 10; i++)
        {
            if (await _watcher.LookAsync() is { } result)
            {
                return result;
            }

            _time.Advance(ConfigurationWatcher.Interval);
        }

        return null;
    }

    private async Task<string> MetricsAsync()
    {
        using var stream = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(stream);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
