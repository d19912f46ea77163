using System.Text.Json.Nodes;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Tests.Inference;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>Bodies that two parsers could read differently never reach a model server, whichever dialect they are sent in.</summary>
public sealed class AmbiguousBodyTests
{
    [Fact]
    public async Task Each_is_refused_with_its_code_in_the_clients_dialect_and_none_reaches_a_model_server()
    {
        await using var server = await RequestCounter.StartAsync();
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([server.Address]));
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);
        using var connection = await RawConnection.OpenAsync(blaze.Proxy);

        foreach (var (path, dialect) in new[] { ("/v1/chat/completions", Dialect.OpenAi), ("/v1/messages", Dialect.Anthropic), ("/api/chat", Dialect.Ollama) })
        {
            var cases = AmbiguousJson.Cases.Where(one => dialect == Dialect.OpenAi || IsInEveryDialect(one)).ToList();
            Assert.True(cases.Count >= 60, $"{cases.Count} cases for {path}");
            foreach (var one in cases)
            {
                var answer = await connection.PostAsync(path, one.Body);
                Assert.True(answer.Status == 400, $"{one.Name} on {path}: {answer.Status} {answer.Body}");
                Assert.True(answer.Headers.GetValueOrDefault("X-Blaze-Error") == one.Code, $"{one.Name} on {path}: {answer.Headers.GetValueOrDefault("X-Blaze-Error")} {answer.Body}");
                AssertDialect(dialect, one.Code, JsonNode.Parse(answer.Body)!);
            }
        }

        Assert.All(server.Seen, seen => Assert.StartsWith("GET ", seen, StringComparison.Ordinal));
        var sound = await connection.PostAsync("/v1/chat/completions", """{"model":"a","max_tokens":2,"messages":[{"role":"user","content":"hi"}]}"""u8.ToArray());
        Assert.Equal(200, sound.Status);
        Assert.Single(server.Seen, seen => seen == "POST /v1/chat/completions");
    }

    // The others say twice, or wrongly, what only OpenAI's chat completions know.
    private static bool IsInEveryDialect(AmbiguousJsonCase one) =>
        one.Code != "ambiguous_model" || one.Name.Contains("model", StringComparison.OrdinalIgnoreCase) || one.Name.StartsWith("name ", StringComparison.Ordinal)
        || one.Name.Contains("stream", StringComparison.OrdinalIgnoreCase) && !one.Name.Contains("options", StringComparison.Ordinal);

    private static void AssertDialect(Dialect dialect, string code, JsonNode body)
    {
        switch (dialect)
        {
            case Dialect.Anthropic:
                Assert.Equal("error", (string?)body["type"]);
                Assert.Equal("invalid_request_error", (string?)body["error"]!["type"]);
                Assert.NotEmpty((string)body["error"]!["message"]!);
                break;
            case Dialect.Ollama:
                Assert.NotEmpty((string)body["error"]!);
                break;
            default:
                Assert.Equal(("invalid_request_error", code), ((string?)body["error"]!["type"], (string?)body["error"]!["code"]));
                Assert.NotEmpty((string)body["error"]!["message"]!);
                break;
        }
    }
}
