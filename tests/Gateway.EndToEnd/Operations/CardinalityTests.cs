using System.Diagnostics;
using System.Globalization;
using System.Text;
using BlazeGateway.Bench;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>What clients send cannot make the metrics grow.</summary>
[Collection(nameof(Alone))]
public sealed class CardinalityTests(ITestOutputHelper output)
{
    private const int Requests = 5_000;
    private const int FirstFew = 400;
    private const int Seed = 7;
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    private static readonly string[] Methods = ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE"];
    private static readonly string[] Inference = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/responses", "/api/chat", "/api/generate", "/api/embed"];

    [Fact]
    public async Task Five_thousand_random_requests_add_no_series()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", Routes(server.Address));
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json", "--Telemetry:AccessLog:Enabled=false"], directory.Path);
        using var admin = BlazeProcess.NewClient(blaze.Admin);
        var random = new Random(Seed);

        await SendAsync(blaze.Proxy, [.. Enumerable.Range(0, FirstFew).Select(i => Request(i, random))]);
        var few = Series(await admin.GetStringAsync("/metrics"));
        await SendAsync(blaze.Proxy, [.. Enumerable.Range(0, Requests).Select(i => Request(i, random))]);
        var (text, took) = await ScrapeAsync(admin);

        output.WriteLine($"{few.Count} series after {FirstFew} requests, {Series(text).Count} after {Requests} more; {text.Length / 1024} KiB in {took.TotalMilliseconds:0.0} ms");
        Assert.Equal("", string.Join('\n', Series(text).Except(few, StringComparer.Ordinal)));
        // What a model server reported is not shown any more when it is old.
        Assert.InRange(Series(text).Count, few.Count - 10, few.Count);
        Assert.InRange(text.Length, 1, 2 * 1024 * 1024);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Contains("gen_ai_request_model=\"*\"", text, StringComparison.Ordinal);
        await LintAsync(text);
    }

    /// <summary>Models nobody lists go to a cluster that is not asked what it serves, so that they get as far as metrics of models.</summary>
    private static string Routes(Uri server) => $$"""
        {
          "ReverseProxy": {
            "Routes": {
              "all": {
                "ClusterId": "llm",
                "Match": { "Path": "/{area:regex(^(v1|api)$)}/{**rest}" },
                "Extensions": { "Models": { "demo-small": {}, "*": { "Cluster": "plain" } } }
              }
            },
            "Clusters": {
              "llm": { "Destinations": { "a": { "Address": "{{server}}" } }, "Extensions": { "ModelServer": { "Kind": "vllm" } } },
              "plain": { "Destinations": { "b": { "Address": "{{server}}" } } }
            }
          }
        }
        """;

    /// <summary>Every eighth has a model that is served, so that the labels of answers are there from the first few on.</summary>
    private static byte[] Request(int index, Random random)
    {
        var (method, path, body) = (index % 8) switch
        {
            0 => ("POST", Inference[index / 8 % Inference.Length], Body("demo-small")),
            1 or 2 or 3 => ("POST", Inference[index / 8 % Inference.Length], Body(Word(random))),
            4 => ("POST", "/v1/" + Word(random) + "/" + Word(random), Body(Word(random))),
            5 => ("GET", "/" + Word(random) + "/" + Word(random), ""),
            6 => (Methods[index / 8 % Methods.Length], "/v1/" + Word(random), ""),
            _ => (Word(random).ToUpperInvariant(), "/api/" + Word(random), ""),
        };
        var head = $"{method} {path}?{Word(random)}={Word(random)} HTTP/1.1\r\nHost: h{random.Next():x}.example\r\nUser-Agent: {Word(random)}\r\n"
            + $"Authorization: Bearer {Word(random)}\r\nX-Request-Id: {Word(random)}\r\nCookie: {Word(random)}={Word(random)}\r\n";
        return Encoding.ASCII.GetBytes(head + (body.Length == 0 ? "\r\n" : $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
    }

    private static string Body(string model) =>
        $$"""{"model":"{{model}}","stream":true,"max_tokens":4,"input":"hi","prompt":"hi","messages":[{"role":"user","content":"hi"}]}""";

    private static string Word(Random random) => "x" + new string([.. Enumerable.Range(0, 3 + random.Next(20)).Select(_ => Letters[random.Next(Letters.Length)])]) + "x";

    private static async Task SendAsync(Uri proxy, byte[][] requests)
    {
        var options = new LoadOptions { Request = new RequestOptions { Url = proxy }, Concurrency = 8, Requests = requests.Length };
        var result = await LoadEngine.RunAsync(options, TimeProvider.System, requests);
        Assert.Equal(requests.Length, result.Statuses.Values.Sum());
    }

    private static HashSet<string> Series(string text) =>
        text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line[..line.LastIndexOf(' ')]).ToHashSet(StringComparer.Ordinal);

    // The quickest of a few, because a busy machine may hold up any of them.
    private static async Task<(string Text, TimeSpan Took)> ScrapeAsync(HttpClient admin)
    {
        var text = "";
        var quickest = TimeSpan.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            text = await admin.GetStringAsync("/metrics");
            var took = TimeProvider.System.GetElapsedTime(started);
            quickest = took < quickest ? took : quickest;
        }

        return (text, quickest);
    }

    private static async Task LintAsync(string text)
    {
        var promtool = new[] { "/usr/bin/promtool", "/usr/sbin/promtool", "/usr/local/bin/promtool" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(promtool is null, "promtool of the Debian package prometheus is not installed.");
        using var check = Process.Start(new ProcessStartInfo(promtool, ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var complaints = Task.WhenAll(check.StandardOutput.ReadToEndAsync(), check.StandardError.ReadToEndAsync());
        await check.StandardInput.WriteAsync(text);
        check.StandardInput.Close();
        await check.WaitForExitAsync();
        var said = string.Concat(await complaints);
        Assert.True(check.ExitCode == 0 && said.Length == 0, string.Create(CultureInfo.InvariantCulture, $"promtool ended with {check.ExitCode}: {said}"));
    }
}
