using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>What somebody meets who starts the gateway for the first time.</summary>
public sealed partial class FirstMinutesTests(ITestOutputHelper output)
{
    private const string Chat = """{"model":"demo-small","max_tokens":4,"messages":[{"role":"user","content":"Hello"}]}""";

    [Fact]
    public async Task Without_a_file_the_paths_tried_and_two_commands_are_told()
    {
        using var directory = new TemporaryDirectory();
        await using var blaze = BlazeProcess.Start(["run"], directory.Path);

        Assert.Equal(2, await blaze.ExitAsync());
        Assert.Equal("", blaze.Out.Trim());
        Assert.Contains(Path.Combine(directory.Path, "config", "routes.json"), blaze.Error, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(directory.Path, "routes.json"), blaze.Error, StringComparison.Ordinal);
        var commands = Command().Matches(blaze.Error).Select(match => match.Groups["words"].Value).ToArray();
        Assert.Equal(2, commands.Length);
        Assert.EndsWith(" run --demo", commands[0], StringComparison.Ordinal);
        Assert.EndsWith(" run --backend http://127.0.0.1:8000", commands[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_ends_with_3_and_the_options_named_work()
    {
        using var one = new TcpListener(IPAddress.Loopback, 0);
        using var other = new TcpListener(IPAddress.Loopback, 0);
        one.Start();
        other.Start();
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([new Uri("http://127.0.0.1:9/")]));
        await using var blaze = BlazeProcess.Start(["--config", "routes.json", "--urls", $"http://{one.LocalEndpoint}", "--admin-url", $"http://{other.LocalEndpoint}"], directory.Path);

        Assert.Equal(3, await blaze.ExitAsync());
        Assert.Equal("", blaze.Out.Trim());
        Assert.DoesNotContain("   at ", blaze.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", blaze.Error, StringComparison.Ordinal);
        Assert.Contains($"http://{one.LocalEndpoint} is taken by another process. Choose another with --urls http://127.0.0.1:", blaze.Error, StringComparison.Ordinal);
        Assert.Contains($"http://{other.LocalEndpoint} is taken by another process. Choose another with --admin-url http://127.0.0.1:", blaze.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("is served", blaze.Error, StringComparison.Ordinal);
        string[] options = [.. Remedy().Matches(blaze.Error).SelectMany(match => match.Value.Split(' '))];
        Assert.Equal(4, options.Length);
        await using var second = BlazeProcess.Start(["--config", "routes.json", .. options], directory.Path);
        await second.WaitForAsync(text => text.Contains("  metrics    ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_destination_that_is_down_or_wants_a_key_is_named_while_the_rest_serves()
    {
        await using var good = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var locked = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, ApiKey = "sk-1" });
        var down = ClosedAddress();
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([good.Address, locked.Address, down]).Replace("/{**rest}", "/v1/{**rest}", StringComparison.Ordinal));
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);

        await blaze.WaitForAsync(text => Logged(text, "CredentialMissing", "d1").Any() && Logged(text, "Changed", "d2").Any());
        var began = Logged(blaze.Error, "Loaded", null).Single();
        foreach (var (name, destination, address) in new[] { ("CredentialMissing", "d1", locked.Address), ("Changed", "d2", down) })
        {
            var line = Logged(blaze.Error, name, destination).First();
            Assert.Equal((destination, address.ToString()), ((string?)line["Destination"], (string?)line["Address"]));
            output.WriteLine($"{name} after {(Time(line) - Time(began)).TotalMilliseconds:0} ms");
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await ChatAsync(proxy));
        }

        using var hint = await proxy.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, hint.StatusCode);
        Assert.Contains("/v1/chat/completions", (string)JsonNode.Parse(await hint.Content.ReadAsStringAsync())!["hint"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backends_that_are_down_or_want_a_key_are_named_before_the_start()
    {
        await using var good = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var locked = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true, ApiKey = "sk-1" });
        var down = ClosedAddress();
        await using var blaze = await Backends.ServeAsync(["--backend", good.Address.ToString(), "--backend", locked.Address.ToString(), "--backend", down.ToString()]);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);

        Assert.Contains($"{good.Address} is vllm and serves demo-small.", blaze.Error, StringComparison.Ordinal);
        Assert.Contains($"{locked.Address} answers 401", blaze.Error, StringComparison.Ordinal);
        Assert.Contains($"{down} is unreachable: connection refused.", blaze.Error, StringComparison.Ordinal);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await ChatAsync(proxy));
        }
    }

    [Fact]
    public async Task In_a_terminal_the_log_is_for_people()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script, which gives a program a terminal, is not installed.");
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([ClosedAddress()]));
        var blaze = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "blaze.dll")}' run --config routes.json --urls http://127.0.0.1:0 --admin-url http://127.0.0.1:0";
        var start = new ProcessStartInfo("/usr/bin/script", ["-qec", blaze, "/dev/null"]) { WorkingDirectory = directory.Path, RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var name in new[] { "BLAZE_ENVIRONMENT", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT" })
        {
            start.Environment.Remove(name);
        }

        using var terminal = Process.Start(start)!;
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var seen = new StringBuilder();
            while (!seen.ToString().Contains("connection refused", StringComparison.Ordinal))
            {
                var line = await terminal.StandardOutput.ReadLineAsync(patience.Token);
                Assert.True(line is not null, $"It ended after:\n{seen}");
                seen.AppendLine(line);
            }

            Assert.Matches(@"\d\d:\d\d:\d\d WRN .*Destination 'd0' of cluster 'llm' \(http://127\.0\.0\.1:\d+/\) is loading: a probe found the connection refused", seen.ToString());
            Assert.DoesNotContain("{\"@t\"", seen.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            terminal.Kill(entireProcessTree: true);
        }
    }

    private static async Task<HttpStatusCode> ChatAsync(HttpClient proxy)
    {
        using var answer = await proxy.PostAsync("/v1/chat/completions", new StringContent(Chat, Encoding.UTF8, "application/json"));
        return answer.StatusCode;
    }

    private static Uri ClosedAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://{listener.LocalEndpoint}/");
    }

    private static IEnumerable<JsonNode> Logged(string text, string name, string? destination) =>
        text.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonNode.Parse(line)!)
            .Where(line => (string?)line["EventId"]?["Name"] == name && (string?)line["Destination"] == destination);

    private static DateTimeOffset Time(JsonNode line) => DateTimeOffset.Parse((string)line["@t"]!, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^  (?<words>\S.* run --.*?)\r?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Command();

    [GeneratedRegex(@"--(urls|admin-url) http://127\.0\.0\.1:\d+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Remedy();
}
