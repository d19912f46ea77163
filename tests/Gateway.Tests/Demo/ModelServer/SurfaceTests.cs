using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.Tests.Demo.ModelServer;

public sealed class SurfaceTests
{
    [Theory]
    [InlineData("vllm", "/version", "vllm:num_requests_running{model_name=\"demo-small\",engine=\"0\"} 0")]
    [InlineData("sglang", "/get_server_info", "sglang:num_queue_reqs{")]
    [InlineData("tgi", "/info", "tgi_queue_size 0")]
    [InlineData("llamacpp", "/props", "llamacpp:requests_processing 0")]
    [InlineData("ollama", "/api/version", null)]
    [InlineData("openai", "/v1/models/demo-small", null)]
    public async Task EachKindHasItsFreePathAndItsMetrics(string kind, string path, string? metric)
    {
        await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { Kind = kind });

        Assert.NotNull(JsonNode.Parse(await server.Client.GetStringAsync(path)));
        using var metrics = await server.Client.GetAsync("/metrics");
        Assert.Equal(metric is null ? HttpStatusCode.NotFound : HttpStatusCode.OK, metrics.StatusCode);
        Assert.Contains(metric ?? "", await metrics.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vllm")]
    [InlineData("sglang")]
    [InlineData("tgi")]
    [InlineData("llamacpp")]
    public async Task PromtoolReadsTheMetrics(string kind)
    {
        var promtool = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(d => Path.Combine(d, "promtool")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(promtool is null, "promtool is not on the path");
        await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { Kind = kind, AnswerTokens = 3, Engine = new EngineOptions { DecodeRate = 1000 } });
        await server.PostAsync("/v1/chat/completions", ModelServerFixture.Chat("Hello"));

        using var check = Process.Start(new ProcessStartInfo(promtool!, ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true, UseShellExecute = false })!;
        await check.StandardInput.WriteAsync(await server.Client.GetStringAsync("/metrics"));
        check.StandardInput.Close();
        var findings = await check.StandardError.ReadToEndAsync();
        await check.WaitForExitAsync();

        // 3 is lint: the real servers' names break the naming advice too. 1 would be a page that cannot be read.
        Assert.True(check.ExitCode is 0 or 3, findings);
        Assert.DoesNotContain("error", findings, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task StatsTellWhatArrived()
    {
        await using var server = await ModelServerFixture.StartAsync();
        var body = ModelServerFixture.Chat("Hello");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions?x=1") { Content = new StringContent(body) };
        request.Headers.Add("x-request-id", "abc");
        request.Headers.Add("endpoint-load-metrics-format", "text");
        using var answer = await server.Client.SendAsync(request);

        var seen = Assert.Single(server.Host.Stats.Recent);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body))), seen.BodySha256);
        Assert.Equal(("/v1/chat/completions?x=1", "abc"), (seen.Target, seen.Headers["X-Request-Id"]));
        Assert.Equal("abc", answer.Headers.GetValues("x-request-id").Single());
        Assert.StartsWith("TEXT named_metrics.kv_cache_usage_perc=0", answer.Headers.GetValues("endpoint-load-metrics").First(), StringComparison.Ordinal);
        var stats = JsonNode.Parse(await server.Client.GetStringAsync("/__sim/stats"))!;
        Assert.Equal((2, 1), ((int)stats["requests"]!, (int)stats["completed"]!));
        Assert.Equal(seen.BodySha256, (string)stats["recent"]![0]!["body_sha256"]!);
    }

    [Fact]
    public async Task AResetForgetsPrefixesAndCounts()
    {
        await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { AnswerTokens = 3, Engine = new() { PrefillRate = 1e6, DecodeRate = 1e4 } });
        var body = ModelServerFixture.Chat(new string('x', 1000));
        async Task<JsonNode> AskAsync()
        {
            await server.PostAsync("/v1/chat/completions", body);
            return JsonNode.Parse(await server.Client.GetStringAsync("/__sim/stats"))!;
        }

        await AskAsync();
        var warm = await AskAsync();
        using var reset = await server.Client.PostAsync("/__sim/reset", null);
        var empty = JsonNode.Parse(await server.Client.GetStringAsync("/__sim/stats"))!;
        var cold = await AskAsync();

        Assert.Equal((HttpStatusCode.OK, 2, 240), (reset.StatusCode, (int)warm["answered"]!, (int)warm["prefix_hit_tokens"]!));
        Assert.True((double)warm["busy_seconds"]! > (double)cold["busy_seconds"]!);
        Assert.Equal((0, 0.0, 0), ((int)empty["answered"]!, (double)empty["busy_seconds"]!, (int)empty["prefix_query_tokens"]!));
        Assert.Equal((1, 0), ((int)cold["answered"]!, (int)cold["prefix_hit_tokens"]!));
        Assert.Equal(0.00025 + 0.00002 + (2 * 0.0001), (double)cold["busy_seconds"]!, 4);
    }

    [Theory]
    [InlineData("Authorization", "Bearer secret", HttpStatusCode.OK)]
    [InlineData("x-api-key", "secret", HttpStatusCode.OK)]
    [InlineData("Authorization", "Bearer wrong", HttpStatusCode.Unauthorized)]
    [InlineData("x-other", "secret", HttpStatusCode.Unauthorized)]
    public async Task AKeyIsAskedForOnInferencePathsOnly(string header, string value, HttpStatusCode expected)
    {
        await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { ApiKey = "secret" });
        server.Client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);

        using var models = await server.Client.GetAsync("/v1/models");
        using var health = await server.Client.GetAsync("/health");

        Assert.Equal((expected, HttpStatusCode.OK), (models.StatusCode, health.StatusCode));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task APacedAnswerEndsAndASecondAskFindsItsPrefix(bool stream)
    {
        await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { AnswerTokens = 4, Engine = new EngineOptions { DecodeRate = 1000 } });
        var body = ModelServerFixture.Chat(new string('x', 400), stream, "\"stream_options\":{\"include_usage\":true},");

        Assert.Contains("\"cached_tokens\":0}", await server.PostAsync("/v1/chat/completions", body), StringComparison.Ordinal);
        Assert.Contains("\"cached_tokens\":96}", await server.PostAsync("/v1/chat/completions", body), StringComparison.Ordinal);
    }
}
