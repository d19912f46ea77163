using System.Text;
using System.Text.Json.Nodes;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>What clients and model servers say to each other, and what authorizes them, appears nowhere an operator looks, at any log level and whatever fails.</summary>
public sealed class CanaryTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, string> Canaries = new[]
    {
        "prompt", "completion", "key", "cookie", "query", "header", "baggage", "agent", "unknown-model", "credential", "secret", "transform", "collector", "misplaced", "address", "admin",
    }.ToDictionary(name => name, name => $"canary-{name}-7d1e", StringComparer.Ordinal);

    [Fact]
    public async Task No_marked_string_appears_in_logs_metrics_traces_or_the_admin_plane()
    {
        await using var server = await CanaryServer.StartAsync(Canaries["completion"]);
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(Path.Combine(directory.Path, "secrets"));
        directory.Write("secrets/key", $"Bearer {Canaries["secret"]}");
        var good = Routes(server.Address, "Bearer ${secret:key}", "{}");
        directory.Write("routes.json", good);
        await using var blaze = await BlazeProcess.ServeAsync(
            [
                "--config", "routes.json", "--Serilog:MinimumLevel:Default=Verbose", "--Serilog:MinimumLevel:Override:Yarp=Verbose", "--Serilog:MinimumLevel:Override:System=Verbose",
                "--Serilog:MinimumLevel:Override:Microsoft=Verbose", $"--Telemetry:Otlp:Endpoint={server.Address}", $"--Telemetry:Otlp:Headers=api-key={Canaries["collector"]}",
                "--Secrets:Directory=secrets",
            ],
            directory.Path);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);
        using var admin = BlazeProcess.NewClient(blaze.Admin);

        await CallAsync(proxy);
        await MisuseAsync(blaze.Proxy, proxy);
        var shown = new List<string> { await LookAsync(admin) };
        foreach (var bad in new[]
        {
            Routes(server.Address, Canaries["misplaced"], "{ \"Credentials\": { \"*\": \"" + Canaries["misplaced"] + "\" } }"),
            Routes(server.Address, "x", "{ \"Credentials\": { \"*\": { \"Valeu\": \"" + Canaries["misplaced"] + "\" } } }"),
            Routes(server.Address, "x", "{}").Replace("\"down\": { \"Dest", $"\"odd\": {{ \"Destinations\": {{ \"o\": {{ \"Address\": \"htp://user:{Canaries["address"]}@127.0.0.1:9/\" }} }} }}, \"down\": {{ \"Dest", StringComparison.Ordinal),
            Routes(server.Address, "x", "{}").Replace("\"down\": { \"Dest", $"\"odd\": {{ \"Destinations\": {{ \"o\": {{ \"Address\": \"http://127.0.0.1:9/?key={Canaries["address"]}\" }} }} }}, \"down\": {{ \"Dest", StringComparison.Ordinal),
            good[..(good.IndexOf("canary", StringComparison.Ordinal) + 10)],
        })
        {
            var seen = (await ServedConfiguration.ReadAsync(admin)).Errors;
            directory.Write("routes.json", bad);
            var (served, _) = await ServedConfiguration.WaitAsync(admin, served => !served.LastReloadSucceeded && !served.Errors.SequenceEqual(seen, StringComparer.Ordinal));
            shown.Add(string.Join('\n', served.Errors));
            shown.Add(await LookAsync(admin));
        }

        Assert.All(CanaryServer.Models, model => Assert.True(server.Answered.ContainsKey(model), $"'{model}' was never asked."));
        blaze.Terminate();
        Assert.Equal(0, await blaze.ExitAsync());

        // The level is what was asked for, and the spans arrived.
        Assert.Contains("\"@l\":\"Debug\"", blaze.Error, StringComparison.Ordinal);
        Assert.NotEmpty(server.Traces);
        var places = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["stderr"] = blaze.Error,
            ["stdout"] = blaze.Out,
            ["admin plane"] = string.Join('\n', shown),
            ["traces"] = string.Join('\n', server.Traces.Select(Encoding.UTF8.GetString)),
        };
        output.WriteLine(string.Join(", ", places.Select(place => $"{place.Key} {place.Value.Length} characters")));
        Assert.All(places, place => Assert.All(Canaries, canary =>
        {
            var at = place.Value.IndexOf(canary.Value, StringComparison.OrdinalIgnoreCase);
            Assert.True(at < 0, $"The {canary.Key} is in {place.Key}: …{(at < 0 ? "" : place.Value.Substring(Math.Max(0, at - 300), Math.Min(400, place.Value.Length - Math.Max(0, at - 300))))}…");
        }));
    }

    private static async Task CallAsync(HttpClient proxy)
    {
        foreach (var model in CanaryServer.Models.Append(Canaries["unknown-model"]).Append("down"))
        {
            foreach (var stream in new[] { true, false })
            {
                await SendAsync(proxy, HttpMethod.Post, "/v1/chat/completions", Body(model, stream));
            }
        }

        // One client leaves in the middle, one before anything came.
        using var leaving = new CancellationTokenSource();
        using var request = Request(HttpMethod.Post, "/v1/chat/completions", Body("whole", stream: true));
        using (await proxy.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            await leaving.CancelAsync();
        }
    }

    private static async Task MisuseAsync(Uri address, HttpClient proxy)
    {
        await SendAsync(proxy, HttpMethod.Post, "/v1/chat/completions", $"{{\"model\":\"whole\",\"messages\":[\"{Canaries["prompt"]}\"");
        await SendAsync(proxy, HttpMethod.Post, "/v1/chat/completions", $"{{\"model\":\"whole\",\"model\":\"{Canaries["unknown-model"]}\",\"x\":\"{Canaries["prompt"]}\"}}");
        await SendAsync(proxy, HttpMethod.Post, "/v1/chat/completions", $"{{\"model\":\"whole\",\"x\":\"{new string('x', 70_000)}{Canaries["prompt"]}\"}}");
        await SendAsync(proxy, HttpMethod.Post, "/v1/embeddings", Body("whole", stream: false));
        await SendAsync(proxy, HttpMethod.Get, "/v1/models", null);
        await SendAsync(proxy, HttpMethod.Get, "/nothing/here", null);
        await SendAsync(proxy, HttpMethod.Trace, "/v1/models", null);
        using var raw = await RawConnection.OpenAsync(address);
        await raw.PostAsync($"/v1//chat?{Canaries["query"]}", Encoding.UTF8.GetBytes(Body("whole", stream: false)));
        await raw.PostAsync($"/v1/chat/completions?{Canaries["query"]}", (byte[])[0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Canaries["prompt"])]);
    }

    private static async Task SendAsync(HttpClient proxy, HttpMethod method, string path, string? body)
    {
        using var request = Request(method, path, body);
        try
        {
            using var answer = await proxy.SendAsync(request);
            await answer.Content.ReadAsByteArrayAsync();
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Some answers break off, as they shall.
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string? body)
    {
        var request = new HttpRequestMessage(method, $"{path}?{Canaries["query"]}={Canaries["query"]}");
        foreach (var (name, value) in new (string, string)[]
        {
            ("Authorization", $"Bearer {Canaries["key"]}"), ("x-api-key", Canaries["key"]), ("api-key", Canaries["key"]), ("Cookie", $"session={Canaries["cookie"]}"),
            ("X-Custom", Canaries["header"]), ("User-Agent", Canaries["agent"]), ("baggage", $"user={Canaries["baggage"]}"), ("Referer", $"http://x/{Canaries["header"]}"),
        })
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return request;
    }

    private static string Body(string model, bool stream) =>
        new JsonObject { ["model"] = model, ["stream"] = stream, ["input"] = Canaries["prompt"], ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Canaries["prompt"] }) }.ToJsonString();

    private static async Task<string> LookAsync(HttpClient admin)
    {
        var all = new StringBuilder();
        foreach (var path in new[] { "/", "/metrics", "/readyz?verbose", "/livez", "/api/v1/config" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + Canaries["admin"]);
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Canaries["admin"]}");
            using var answer = await admin.SendAsync(request);
            all.AppendLine(await answer.Content.ReadAsStringAsync());
        }

        return all.ToString();
    }

    private static string Routes(Uri server, string credential, string extensions) => $$"""
        {
          "ReverseProxy": {
            "Routes": {
              "ai": {
                "ClusterId": "llm",
                "Match": { "Path": "/v1/{**rest}" },
                "Transforms": [ { "RequestHeader": "X-Api-Key", "Set": "{{Canaries["transform"]}}" } ],
                "Extensions": { "Models": { "down": { "Cluster": "down" }, "*": {} }, "RequestBody": { "MaxBytes": 65536 } }
              }
            },
            "Clusters": {
              "llm": {
                "Destinations": { "d": { "Address": "{{server}}" } },
                "Extensions": {
                  "ModelServer": { "Kind": "vllm" },
                  "Timeouts": { "FirstByte": "00:00:01" },
                  "Credentials": { "d": { "Header": "X-Key", "Value": "{{credential}}" } }
                }
              },
              "other": { "Destinations": { "p": { "Address": "{{server}}plain/" } }, "Extensions": {{extensions}} },
              "named": { "Destinations": { "n": { "Address": "{{server}}named/" } }, "Extensions": { "Credentials": { "n": { "Value": "{{Canaries["credential"]}}" } } } },
              "down": { "Destinations": { "x": { "Address": "http://127.0.0.1:1/" } }, "Extensions": { "ModelServer": { "Kind": "vllm" } } }
            }
          }
        }
        """;
}
