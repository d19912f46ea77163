using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using BlazeGateway.Api;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Configuration.Reload;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Pipeline;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Tests.Api;

public class AdminApiTests
{
    private static readonly RouteConfig[] Routes =
    [
        ExtensionsCarrier.Attach(
            new RouteConfig { RouteId = "chat", ClusterId = "llm", Match = new RouteMatch { Path = "/v1/{**rest}" } },
            new RouteExtensions { Models = { ["<b>evil</b>"] = new ModelRouteOptions() } }),
    ];

    private static readonly ClusterConfig[] Clusters =
    [
        new ClusterConfig
        {
            ClusterId = "llm",
            Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal)
            {
                ["gpu-a\"><img src=x>"] = new() { Address = "http://user:canary-password@127.0.0.1:9/base?key=canary-query" },
            },
        },
    ];

    private ConfigurationReport _configuration = new(IsApplied: true, LastReloadSucceeded: true);
    private ReloadOutcome _outcome = ReloadOutcome.Applied;
    private ConfigurationChange[] _changes = [];
    private bool _isDraining;
    private int _reloads;

    private CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Task<AdminHost> StartAsync(RouteConfig[]? routes = null, ClusterConfig[]? clusters = null, params string[] allowedHosts) =>
        AdminHost.StartAsync(Ports(), routes ?? Routes, clusters ?? Clusters, new AdminOptions { AllowedHosts = [.. allowedHosts] });

    private AdminPorts Ports() => new()
    {
        Configuration = () => _configuration,
        Reload = _ =>
        {
            _reloads++;
            return Task.FromResult(new ReloadReport(_configuration, _configuration.LastReloadSucceeded ? _outcome : ReloadOutcome.Rejected, _changes));
        },
        EffectiveConfiguration = () => new JsonObject { ["ReverseProxy"] = new JsonObject() },
        IsDraining = () => _isDraining,
        Listeners = () => ["http://127.0.0.1:8080"],
        Models = _ => ["demo-small"],
    };

    private static async Task<HttpResponseMessage> SendAsync(AdminHost host, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await host.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_report_of_a_cluster_tells_how_much_waits_for_it(bool hasQueue)
    {
        var waiting = new Dictionary<string, int>(StringComparer.Ordinal) { ["critical"] = 0, ["standard"] = 4, ["batch"] = 1 };
        var ports = Ports() with { Queue = _ => hasQueue ? new QueueReport(100, waiting, 2048, 1.5, 3) : null };
        await using var host = await AdminHost.StartAsync(ports, Routes, Clusters);
        var text = await host.Client.GetStringAsync(new Uri("/api/v1/performance/loadbalancer", UriKind.Relative), Cancel);
        var queue = JsonNode.Parse(text)!["clusters"]![0]!["queue"];
        var expected = JsonNode.Parse("""{ "limit": 100, "waiting": { "critical": 0, "standard": 4, "batch": 1 }, "bytes": 2048, "servedPerSecond": 1.5, "reserved": 3 }""");
        Assert.True(JsonNode.DeepEquals(hasQueue ? expected : null, queue), text);
    }

    [Theory]
    [InlineData("/livez", HttpStatusCode.OK, "ok\n")]
    [InlineData("/readyz", HttpStatusCode.OK, "ready\n")]
    [InlineData("/startupz", HttpStatusCode.OK, "started\n")]
    public async Task A_healthy_process_says_so(string path, HttpStatusCode status, string body)
    {
        await using var host = await StartAsync();
        using var answer = await host.Client.GetAsync(path, Cancel);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(body, await answer.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Readiness_names_what_is_missing()
    {
        await using var host = await StartAsync();
        _configuration = new ConfigurationReport(IsApplied: false, LastReloadSucceeded: false);
        _isDraining = true;
        using var answer = await host.Client.GetAsync("/readyz", Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("not ready: configuration, draining\n", await answer.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Client.GetAsync("/startupz", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/livez", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Without_an_available_destination_it_is_not_ready()
    {
        await using var host = await StartAsync(clusters: [Clusters[0] with { Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal) }]);
        using var answer = await host.Client.GetAsync("/readyz?verbose", Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement;
        Assert.False(body.GetProperty("ready").GetBoolean());
        Assert.Equal(0, body.GetProperty("clusters").GetProperty("llm").GetProperty("available").GetInt32());
        var destinations = body.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() == "destinations");
        Assert.False(destinations.GetProperty("passed").GetBoolean());
    }

    [Fact]
    public async Task A_destination_no_route_leads_to_does_not_make_it_ready()
    {
        await using var host = await StartAsync(routes: [Routes[0] with { ClusterId = "other" }], clusters: [Clusters[0], new ClusterConfig { ClusterId = "other" }]);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Client.GetAsync("/readyz", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Metrics_are_clean_for_promtool()
    {
        var promtool = Promtool();
        Assert.SkipUnless(promtool is not null, "promtool is not installed");
        await using var host = await StartAsync();
        var text = await host.Client.GetStringAsync("/metrics", Cancel);
        Assert.Contains("blaze_build_info{version=\"0.1.0\"", text, StringComparison.Ordinal);

        using var process = Process.Start(new ProcessStartInfo(promtool, "check metrics") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        await process.StandardInput.WriteAsync(text);
        process.StandardInput.Close();
        var findings = await process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.Equal("", findings);
        Assert.Equal(0, process.ExitCode);
    }

    [Theory]
    [InlineData("evil.test", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost.evil.test", HttpStatusCode.MisdirectedRequest)]
    [InlineData("LOCALHOST", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:8090", HttpStatusCode.OK)]
    [InlineData("10.1.2.3", HttpStatusCode.MisdirectedRequest)]
    [InlineData("10.1.2.4", HttpStatusCode.OK)]
    [InlineData("[::1]:8090", HttpStatusCode.OK)]
    [InlineData("gateway.internal", HttpStatusCode.OK)]
    public async Task Only_known_host_names_are_answered(string name, HttpStatusCode expected)
    {
        await using var host = await StartAsync(allowedHosts: ["gateway.internal", "10.1.2.4"]);
        Assert.Equal(expected, (await SendAsync(host, HttpMethod.Get, "/livez", ("Host", name))).StatusCode);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/metrics/")]
    [InlineData("/METRICS")]
    [InlineData("/api/v1/nothing")]
    public async Task Anything_else_is_a_problem(string path)
    {
        await using var host = await StartAsync();
        using var answer = await host.Client.GetAsync(path, Cancel);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(404, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("/health", " Ask /livez whether the process runs, or /readyz whether requests should be sent here.")]
    [InlineData("/healthz", " Ask /livez whether the process runs, or /readyz whether requests should be sent here.")]
    [InlineData("/healthy", "")]
    public async Task Who_asks_for_health_is_told_which_pages_there_are(string path, string hint)
    {
        await using var host = await StartAsync();
        using var answer = await host.Client.GetAsync(path, Cancel);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(
            $"There is nothing at '{path}' on the admin plane.{hint}",
            JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("POST", "/metrics", "GET, HEAD")]
    [InlineData("DELETE", "/", "GET, HEAD")]
    [InlineData("GET", "/api/v1/config/reload", "POST")]
    public async Task A_wrong_method_is_told_the_right_one(string method, string path, string allowed)
    {
        await using var host = await StartAsync();
        using var answer = await SendAsync(host, new HttpMethod(method), path);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(allowed, string.Join(", ", answer.Content.Headers.Allow));
        Assert.Equal(0, _reloads);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site", false)]
    [InlineData("Sec-Fetch-Site", "same-site", false)]
    [InlineData("Sec-Fetch-Site", "none", false)]
    [InlineData("Origin", "http://evil.test", false)]
    [InlineData("Origin", "null", false)]
    [InlineData("Sec-Fetch-Site", "same-origin", true)]
    [InlineData("User-Agent", "curl/8", true)]
    public async Task A_page_of_another_site_changes_nothing(string header, string value, bool allowed)
    {
        await using var host = await StartAsync();
        using var answer = await SendAsync(host, HttpMethod.Post, "/api/v1/config/reload", (header, value));
        Assert.Equal(allowed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal(allowed ? 1 : 0, _reloads);
    }

    [Fact]
    public async Task A_refused_reload_lists_the_errors()
    {
        await using var host = await StartAsync();
        _configuration = new ConfigurationReport(IsApplied: true, LastReloadSucceeded: false) { Errors = ["routes.json:3:5 unknown key 'Adress'"] };
        using var answer = await SendAsync(host, HttpMethod.Post, "/api/v1/config/reload");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal("routes.json:3:5 unknown key 'Adress'", JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("errors")[0].GetString());
    }

    [Fact]
    public async Task A_reload_tells_what_changed_and_what_needs_a_restart()
    {
        await using var host = await StartAsync();
        (_changes, _configuration) = ([new ConfigurationChange("added", "route", "chat")], _configuration with { Version = 2, NeedsRestart = ["Admin:Url"] });
        var body = await ReloadedAsync(host);
        Assert.Equal("applied", body.GetProperty("outcome").GetString());
        Assert.Equal("""{"change":"added","kind":"route","id":"chat"}""", JsonSerializer.Serialize(Assert.Single(body.GetProperty("changes").EnumerateArray())));
        Assert.Equal("Admin:Url", Assert.Single(body.GetProperty("needsRestart").EnumerateArray()).GetString());

        (_changes, _outcome) = ([], ReloadOutcome.Unchanged);
        body = await ReloadedAsync(host);
        Assert.Equal(("unchanged", 2), (body.GetProperty("outcome").GetString(), body.GetProperty("version").GetInt32()));
        Assert.Empty(body.GetProperty("changes").EnumerateArray());
    }

    [Fact]
    public async Task Keys_that_wait_for_the_next_start_are_shown_with_the_configuration_and_on_the_status_page()
    {
        await using var host = await StartAsync();
        Assert.DoesNotContain("next start", await host.Client.GetStringAsync("/", Cancel), StringComparison.Ordinal);
        _configuration = _configuration with { NeedsRestart = ["Admin:Url", "Clients:Keys:<b>:Share", .. Enumerable.Range(0, 30).Select(i => $"Clients:Keys:k{i}:Share")] };
        Assert.Contains(
            "in effect at the next start only: Admin:Url, Clients:Keys:&lt;b&gt;:Share, Clients:Keys:k0:Share", await host.Client.GetStringAsync("/", Cancel), StringComparison.Ordinal);
        Assert.Contains("k17:Share and 12 more.", await host.Client.GetStringAsync("/", Cancel), StringComparison.Ordinal);
        var body = JsonDocument.Parse(await host.Client.GetStringAsync("/api/v1/config", Cancel)).RootElement;
        Assert.Equal(32, body.GetProperty("needsRestart").GetArrayLength());
    }

    [Fact]
    public async Task The_configuration_is_shown_with_its_state()
    {
        await using var host = await StartAsync();
        var body = JsonDocument.Parse(await host.Client.GetStringAsync("/api/v1/config", Cancel)).RootElement;
        Assert.True(body.GetProperty("applied").GetBoolean());
        Assert.Equal(JsonValueKind.Object, body.GetProperty("effective").GetProperty("ReverseProxy").ValueKind);
    }

    [Fact]
    public async Task The_status_page_shows_what_runs_and_encodes_every_name()
    {
        await using var host = await StartAsync();
        _configuration = _configuration with { LastReloadSucceeded = false, Errors = ["<script>alert(1)</script>"] };
        using var answer = await host.Client.GetAsync("/", Cancel);
        var html = await answer.Content.ReadAsStringAsync(Cancel);

        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.All(["gpu-a", "llm", "demo-small", "/v1/{**rest}", "http://127.0.0.1:8080", "0.1.0", "available"], part => Assert.Contains(part, html, StringComparison.Ordinal));
        Assert.All(["<script", "<img", "<b>", "canary", "style="], part => Assert.DoesNotContain(part, html, StringComparison.OrdinalIgnoreCase));
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
        Assert.StartsWith("default-src 'self'; script-src 'self'; ", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("text/css", (await host.Client.GetAsync("/status.css", Cancel)).Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Head_has_headers_and_no_body()
    {
        await using var host = await StartAsync();
        foreach (var path in new[] { "/", "/metrics", "/readyz?verbose", "/nothing" })
        {
            using var answer = await SendAsync(host, HttpMethod.Head, path);
            Assert.NotNull(answer.Content.Headers.ContentType);
            Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancel));
        }
    }

    private async Task<JsonElement> ReloadedAsync(AdminHost host)
    {
        using var answer = await SendAsync(host, HttpMethod.Post, "/api/v1/config/reload");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement;
    }

    private static string? Promtool() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);
}
