using System.Net;
using System.Text.Json.Nodes;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Operations;

[Collection(nameof(Alone))]
public sealed class BadConfigurationTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Every_kind_is_refused_told_once_and_served_over()
    {
        await using var first = await ModelServerHost.StartAsync(new ModelServerHostOptions { Models = ["quick"], Unpaced = true });
        await using var second = await ModelServerHost.StartAsync(new ModelServerHostOptions { Models = ["quick"], Unpaced = true });
        var good = BadConfigurations.Good(first.Address, second.Address);
        var kinds = BadConfigurations.All(first.Address, second.Address);
        using var directory = new TemporaryDirectory();
        var file = directory.Write("routes.json", good);
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json", "--Telemetry:AccessLog:Enabled=false"], directory.Path);
        using var admin = BlazeProcess.NewClient(blaze.Admin);
        var before = await EffectiveAsync(admin);
        await using var load = BackgroundLoad.Start(blaze.Proxy, "quick", 50);

        foreach (var kind in kinds)
        {
            if (kind.Spoil(good) is { } bad)
            {
                await File.WriteAllTextAsync(file, bad);
            }
            else
            {
                File.Delete(file);
            }

            var (served, _) = await ServedConfiguration.WaitAsync(admin, served => served.Errors.Any(kind.IsTold));
            Assert.False(served.LastReloadSucceeded, kind.Name);
            Assert.Equal(1, served.Version);
            Assert.Equal(before, await EffectiveAsync(admin));
            Assert.Contains("blaze_config_last_reload_successful 0\n", await admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(file, good.Replace("/files/", "/documents/", StringComparison.Ordinal));
        var (mended, took) = await ServedConfiguration.WaitAsync(admin, served => served.LastReloadSucceeded);
        Assert.Equal((2, 0), (mended.Version, mended.Errors.Count));
        Assert.Contains("blaze_config_last_reload_successful 1\n", await admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Contains($"blaze_config_reloads_total{{result=\"rejected\"}} {kinds.Count}\n", await admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
        var results = await load.StopAsync();
        output.WriteLine($"{kinds.Count} refused; {results.Sum(result => result.Ok)} requests meanwhile, {results.Sum(result => result.Failed)} failed; the mended file was taken after {took.TotalMilliseconds:0} ms");
        Assert.Equal(0, results.Sum(result => result.Failed));

        // Each content is looked at several times before the next takes its place.
        blaze.Terminate();
        Assert.Equal(0, await blaze.ExitAsync());
        var told = Lines(blaze.Error).Where(line => line.Contains("Configuration refused", StringComparison.Ordinal)).Select(line => (string)JsonNode.Parse(line)!["Error"]!).ToList();
        Assert.Equal(kinds.Count, told.Count);
        Assert.All(kinds, kind => Assert.Single(told, kind.IsTold));
    }

    [Fact]
    public async Task A_start_with_a_bad_file_ends_with_2_and_names_the_place()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", BadConfigurations.Good(new Uri("http://127.0.0.1:1/"), new Uri("http://127.0.0.1:2/"))
            .Replace("\"ClusterId\": \"web\"", "\"ClusterdI\": \"web\"", StringComparison.Ordinal)
            .Replace("LoadBalancingPolicy", "LoadBalancePolicy", StringComparison.Ordinal));
        string[] expected =
        [
            "routes.json:5:18 Unknown key 'ClusterdI'.  did you mean 'ClusterId'?  ($.ReverseProxy.Routes.files.ClusterdI)",
            "routes.json:9:9 Unknown key 'LoadBalancePolicy'.  did you mean 'LoadBalancingPolicy'?  ($.ReverseProxy.Clusters.llm.LoadBalancePolicy)",
        ];

        await using var run = BlazeProcess.Start(["run", "--config", "routes.json"], directory.Path);
        await using var validate = BlazeProcess.Start(["validate", "--config", "routes.json"], directory.Path);

        Assert.Equal(2, await run.ExitAsync());
        Assert.Equal(2, await validate.ExitAsync());
        Assert.Equal(expected, Lines(run.Error));
        Assert.Equal(expected, Lines(validate.Out));
        Assert.Equal(["routes.json is not valid: 2 errors."], Lines(validate.Error));
    }

    [Theory]
    [InlineData("""{ "Serilog": { "MinimumLevel": "Infomation" } }""", "appsettings.json:1:32 'MinimumLevel' is \"Infomation\"")]
    [InlineData("""{ "Proxy": { "Urls": "http://127.0.0.1:8090" } }""", "appsettings.json:1:22 Admin:Url is 'http://127.0.0.1:8090', which Proxy:Urls 'http://127.0.0.1:8090' takes too")]
    public async Task What_would_end_a_start_is_told_by_validate_in_the_same_words(string settings, string expected)
    {
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", BadConfigurations.Good(new Uri("http://127.0.0.1:1/"), new Uri("http://127.0.0.1:2/")));
        directory.Write("appsettings.json", settings);
        await using var run = BlazeProcess.Start(["run", "--config", "routes.json"], directory.Path);
        await using var validate = BlazeProcess.Start(["validate", "--config", "routes.json"], directory.Path);

        Assert.Equal(2, await run.ExitAsync());
        Assert.Equal(2, await validate.ExitAsync());
        Assert.StartsWith(expected, Assert.Single(Lines(validate.Out)), StringComparison.Ordinal);
        Assert.Equal(Lines(validate.Out), Lines(run.Error));
    }

    [Fact]
    public async Task A_warning_is_told_by_validate_and_at_the_start()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([new Uri(server.Address, "/v1")]));
        await using var validate = BlazeProcess.Start(["validate", "--config", "routes.json"], directory.Path);
        await using var strict = BlazeProcess.Start(["validate", "--strict", "--config", "routes.json"], directory.Path);
        await using var run = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);

        Assert.Equal(0, await validate.ExitAsync());
        Assert.Equal(1, await strict.ExitAsync());
        Assert.Contains($"Address of destination 'd0' is '{server.Address}v1'", Assert.Single(Lines(validate.Out)), StringComparison.Ordinal);
        await run.WaitForAsync(text => Lines(text).Any(line => line.StartsWith('{') && (string?)JsonNode.Parse(line)!["Finding"] == Lines(validate.Out)[0]));
    }

    [Fact]
    public async Task What_no_check_foresaw_does_not_end_the_process()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        using var directory = new TemporaryDirectory();
        var good = GatewayFixture.Routes([server.Address]);
        var file = directory.Write("routes.json", good);
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);
        using var admin = BlazeProcess.NewClient(blaze.Admin);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);

        await File.WriteAllTextAsync(file, GatewayFixture.Routes([server.Address], cluster: """{ "Tls": { "CertificateAuthority": "ca\u0000.pem" } }"""));
        var (served, _) = await ServedConfiguration.WaitAsync(admin, served => !served.LastReloadSucceeded);

        Assert.Contains("U+0000", Assert.Single(served.Errors), StringComparison.Ordinal);
        using var answer = await proxy.GetAsync("/v1/models");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(blaze.HasExited);
    }

    private static async Task<string> EffectiveAsync(HttpClient admin) => JsonNode.Parse(await admin.GetStringAsync("/api/v1/config"))!["effective"]!.ToJsonString();

    private static string[] Lines(string text) => text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
