using System.Text.Json.Nodes;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>The verbs that look at a configuration, each as a process: data on stdout, messages on stderr, exit code.</summary>
public sealed class VerbTests
{
    [Fact]
    public async Task They_tell_what_is_served_by_whom_and_what_is_wrong()
    {
        await using var good = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var locked = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, ApiKey = "sk-1" });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([good.Address, locked.Address, new Uri("http://127.0.0.1:1/")], route: """{ "Models": { "fast": { "Rewrite": "demo-small" } } }"""));
        directory.Write("appsettings.json", """{ "Proxy": { "Urls": "http://127.0.0.1:0" }, "Admin": { "Url": "http://127.0.0.1:0" } }""");

        var runs = await Task.WhenAll(
            RunAsync(directory, "doctor", "--config", "routes.json"),
            RunAsync(directory, "explain", "--config", "routes.json", "--path", "/v1/chat/completions", "--model", "fast", "--format", "json"),
            RunAsync(directory, "explain", "--config", "routes.json", "--path", "/v1/chat/completions", "--model", "slow"),
            RunAsync(directory, "routes", "--config", "routes.json", "--format", "json"),
            RunAsync(directory, "schema"),
            RunAsync(directory, "validate", "--config", "routes.json", "--connect"),
            RunAsync(directory, "routes", "--config", "routes.json"));
        var (doctor, explain, refused, routes, schema, validate, list) = (runs[0], runs[1], runs[2], runs[3], runs[4], runs[5], runs[6]);

        Assert.Equal(1, doctor.Code);
        Assert.Contains($"ok    destinations   llm/d0 at 127.0.0.1:{good.Address.Port} accepts connections", doctor.Out, StringComparison.Ordinal);
        Assert.Contains(
            $"warn  destinations   llm/d1 at 127.0.0.1:{locked.Address.Port} accepts connections, but its key is missing or refused (401): it gets no inference requests while others take theirs; "
            + "set its key under Extensions.Credentials.d1 of cluster llm\n",
            doctor.Out,
            StringComparison.Ordinal);
        Assert.Contains("fail  destinations   llm/d2 at 127.0.0.1:1: ConnectionRefused; start the model server or correct the address", doctor.Out, StringComparison.Ordinal);
        Assert.Equal(0, explain.Code);
        Assert.Equal(("all", "llm", "demo-small"), ((string?)explain.Json["route"], (string?)explain.Json["cluster"], (string?)explain.Json["rewrite"]));
        Assert.Equal(1, refused.Code);
        Assert.Contains("problem", refused.Out, StringComparison.Ordinal);
        Assert.Equal(0, routes.Code);
        Assert.Equal(["fast"], routes.Json[0]!["models"]!.AsArray().Select(model => (string?)model), StringComparer.Ordinal);
        Assert.Equal(
            [
                "route\tmethods\tpath\tcluster\tdestinations\tmodels",
                $"all\tany\t/{{**rest}}\tllm\td0 {good.Address}, d1 {locked.Address}, d2 http://127.0.0.1:1/\tfast",
            ],
            list.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(0, schema.Code);
        Assert.Equal(JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Readme.MarkdownPage.Root, "config", "routes.schema.json")))!.ToJsonString(), schema.Json.ToJsonString());
        Assert.Equal(0, validate.Code);
        Assert.Equal(2, validate.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("Destination 'd1' of cluster 'llm'", validate.Out, StringComparison.Ordinal);
        Assert.Contains("answers 401; set its key under Extensions.Credentials", validate.Out, StringComparison.Ordinal);
        Assert.Contains("is down (connection refused)", validate.Out, StringComparison.Ordinal);
        Assert.Equal("routes.json is valid: 1 route, 1 cluster, 2 warnings.", validate.Error.Trim());
    }

    [Fact]
    public async Task A_bad_command_line_ends_with_2_and_says_what_was_meant()
    {
        using var directory = new TemporaryDirectory();
        var runs = await Task.WhenAll(
            RunAsync(directory, "validate", "--strct"), RunAsync(directory, "key", "new"), RunAsync(directory, "run", "--backend"), RunAsync(directory, "token", "new", "--name", "x", "--role", "operater"));

        Assert.All(runs, run => Assert.Equal((2, ""), (run.Code, run.Out.Trim())));
        Assert.Contains("'--strct' is not an option of 'blaze validate'; did you mean '--strict'?", runs[0].Error, StringComparison.Ordinal);
        Assert.Contains("'--name' is required", runs[1].Error, StringComparison.Ordinal);
        Assert.Contains("missing for option: '--backend'", runs[2].Error, StringComparison.Ordinal);
        Assert.Contains("--role: Argument 'operater' not recognized", runs[3].Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_and_healthcheck_speak_with_a_running_gateway()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([server.Address]));
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);
        directory.Write("routes.json", GatewayFixture.Routes([server.Address]).Replace("\"ClusterId\"", "\"ClusterdI\"", StringComparison.Ordinal));

        var refused = await RunAsync(directory, "reload", "--admin-url", blaze.Admin.ToString());
        var healthy = await RunAsync(directory, "healthcheck", "--url", blaze.Admin.ToString());

        Assert.Equal(2, refused.Code);
        Assert.Contains("routes.json:3:", refused.Error, StringComparison.Ordinal);
        Assert.Contains("did you mean 'ClusterId'?", refused.Error, StringComparison.Ordinal);
        Assert.Equal((0, "ready"), (healthy.Code, healthy.Out.Trim()));
    }

    [Fact]
    public async Task Reload_tells_what_changed_and_what_waits_for_the_next_start()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([server.Address]));
        directory.Write("appsettings.json", """{ "Admin": { "MaxConnections": 7 } }""");
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);

        var nothing = await RunAsync(directory, "reload", "--admin-url", blaze.Admin.ToString());
        Assert.Equal(0, nothing.Code);
        Assert.Matches(@"^Nothing changed since version 1, applied \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\. It is what the files hold\.\n$", nothing.Out);

        Assert.Contains(",\"@m\":\"Configuration 1 is loaded. Routes: 1, clusters: 1\",\"@mt\":", blaze.Error, StringComparison.Ordinal);

        // The watcher may be first; either way the next one to ask is told what there is to tell.
        directory.Write("appsettings.json", """{ "Admin": { "MaxConnections": 8 } }""");
        var waits = await RunAsync(directory, "reload", "--admin-url", blaze.Admin.ToString());
        Assert.Equal(0, waits.Code);
        Assert.Matches(@"^[^\n]* except of what is read at the start only\.( No route, cluster or destination differs\.)?\n  needs a restart: Admin:MaxConnections\n$", waits.Out);

        using var admin = BlazeProcess.NewClient(blaze.Admin);
        var shown = JsonNode.Parse(await admin.GetStringAsync("/api/v1/config"))!;
        Assert.Equal("Admin:MaxConnections", (string)Assert.Single(shown["needsRestart"]!.AsArray())!);
        Assert.Equal(7, (int)shown["effective"]!["Admin"]!["MaxConnections"]!);
        Assert.Contains("in effect at the next start only: Admin:MaxConnections.", await admin.GetStringAsync("/"), StringComparison.Ordinal);
    }

    private static async Task<Run> RunAsync(TemporaryDirectory directory, params string[] words)
    {
        await using var blaze = BlazeProcess.Start(words, directory.Path);
        var code = await blaze.ExitAsync();
        return new Run(code, blaze.Out.ReplaceLineEndings("\n"), blaze.Error);
    }

    private sealed record Run(int Code, string Out, string Error)
    {
        public JsonNode Json => JsonNode.Parse(Out)!;
    }
}
