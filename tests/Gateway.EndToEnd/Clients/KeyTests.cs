using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Clients;

/// <summary>From a new key to an identified client, in a process of its own; and nothing the process shows holds a key.</summary>
public sealed class KeyTests
{
    private const string Chat = """{"model":"demo-small","max_tokens":5,"messages":[{"role":"user","content":"Hello"}]}""";

    [Fact]
    public async Task A_new_key_is_printed_once_with_the_entry_that_knows_it()
    {
        await using var text = BlazeProcess.Start(["key", "new", "--name", "team-a", "--band", "batch"]);
        Assert.Equal(0, await text.ExitAsync());
        var lines = text.Out.Trim().Split('\n', 2);
        var key = lines[0].Trim();
        Assert.Matches("^blaze-[A-Za-z0-9_-]{43}$", key);
        var entry = JsonNode.Parse(lines[1])!["Clients"]!["Keys"]!["team-a"]!;
        Assert.Equal((HashOf(key), "batch"), ((string?)entry["KeyHash"], (string?)entry["Band"]));
        Assert.DoesNotContain(key, text.Error, StringComparison.Ordinal);

        Assert.NotEqual(key, (await NewKeyAsync("team-a")).Key, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("")]
    public async Task A_name_that_cannot_stand_in_a_log_is_refused(string name)
    {
        await using var blaze = BlazeProcess.Start(["key", "new", "--name", name]);
        Assert.Equal(2, await blaze.ExitAsync());
        Assert.Contains($"--name: '{name}' cannot be the name of a client", blaze.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("KeyHash", blaze.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_in_no_log_metric_error_or_view()
    {
        var (key, hash) = await NewKeyAsync("team-a");
        var (secretKey, secretHash) = await NewKeyAsync("team-b");
        var wrong = (await NewKeyAsync("nobody")).Key;
        var longKey = "blaze-long-" + new string('x', 10 * 1024);
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        using var directory = new TemporaryDirectory();
        File.WriteAllText(Path.Combine(directory.Path, "routes.json"), GatewayFixture.Routes([server.Address]));
        File.WriteAllText(Path.Combine(directory.Path, "appsettings.json"), $$"""
            {
              "Clients": { "Keys": { "team-a": { "KeyHash": "{{hash}}", "Band": "critical" }, "team-b": { "KeyHash": "${secret:team-b}" } } },
              "Serilog": { "MinimumLevel": { "Default": "Verbose", "Override": { "Microsoft": "Verbose", "Yarp": "Verbose", "System": "Verbose" } } }
            }
            """);
        var secrets = Directory.CreateDirectory(Path.Combine(directory.Path, "secrets")).FullName;
        File.WriteAllText(Path.Combine(secrets, "team-b"), secretHash + "\n");
        string shown;
        string errors;
        await using (var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json", $"--Secrets:Directory={secrets}"], directory.Path))
        {
            using var http = BlazeProcess.NewClient(blaze.Proxy);
            var answers = new StringBuilder();
            Assert.Equal(HttpStatusCode.OK, await AskAsync(http, answers, ("Authorization", "Bearer " + key)));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(http, answers, ("x-api-key", secretKey)));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(http, answers));
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(http, answers, ("api-key", wrong)));
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(http, answers, ("x-api-key", longKey)));
            Assert.Equal(HttpStatusCode.BadRequest, await AskAsync(http, answers, ("x-api-key", key), ("api-key", secretKey)));
            await blaze.WaitForAsync(text => text.Contains("ambiguous_api_key", StringComparison.Ordinal));
            using var admin = BlazeProcess.NewClient(blaze.Admin);
            answers.Append(await admin.GetStringAsync("/metrics")).Append(await admin.GetStringAsync("/api/v1/config")).Append(await admin.GetStringAsync("/"));
            answers.Append(JsonSerializer.Serialize(server.Stats.Recent));
            shown = answers + blaze.Out + blaze.Error;
            errors = blaze.Error;
        }

        Assert.All([key, secretKey, wrong, longKey[..40], hash, secretHash], secret => Assert.DoesNotContain(secret, shown, StringComparison.OrdinalIgnoreCase));
        var clients = errors.Split('\n').Where(line => line.Contains("\"SourceContext\":\"Access\"", StringComparison.Ordinal)).Select(line => (string?)JsonNode.Parse(line)!["client"]).ToArray();
        Assert.Equal(["team-a", "team-b"], clients.Take(2), StringComparer.Ordinal);
        Assert.All(clients.Skip(2), client => Assert.Matches("^ip:[0-9a-f]{16}$", client));
        Assert.Single(clients.Skip(2).Distinct(StringComparer.Ordinal));
        Assert.Equal(6, clients.Length);
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient http, StringBuilder answers, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Chat, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await http.SendAsync(request);
        answers.Append(response.Headers).Append(await response.Content.ReadAsStringAsync());
        return response.StatusCode;
    }

    private static async Task<(string Key, string Hash)> NewKeyAsync(string name)
    {
        await using var blaze = BlazeProcess.Start(["key", "new", "--name", name, "--format", "json"]);
        Assert.Equal(0, await blaze.ExitAsync());
        var json = JsonNode.Parse(blaze.Out)!;
        Assert.Equal(name, (string?)json["name"]);
        var hash = (string?)json["configuration"]!["Clients"]!["Keys"]![name]!["KeyHash"];
        Assert.Equal(HashOf((string)json["key"]!), hash);
        return ((string)json["key"]!, hash!);
    }

    private static string HashOf(string key) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.ASCII.GetBytes(key)));
}
