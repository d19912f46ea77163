using System.Text.Json.Nodes;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Detection;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Tests.Configuration.Detection;

public sealed class BackendDetectionTests
{
    private const string OllamaTags = """{"models":[{"name":"llama3:latest","digest":"ab"}]}""";

    public static TheoryData<string, string, string> Kinds => new()
    {
        { "vllm", "/metrics", "# HELP x\nvllm:num_requests_running{} 0\n" },
        { "sglang", "/get_model_info", """{"model_path":"m","is_generation":true}""" },
        { "tgi", "/info", """{"model_id":"m","max_concurrent_requests":128,"max_total_tokens":2048}""" },
        { "llamacpp", "/props", """{"total_slots":4,"default_generation_settings":{}}""" },
        { "ollama", "/api/version", """{"version":"0.9.0"}""" },
        { "generic", "/version", """{"version":"1"}""" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Each_kind_is_told_by_its_own_path(string kind, string path, string body)
    {
        await using var server = kind == "ollama"
            ? await PathServer.StartAsync(PathServer.Models("library", "llama3:latest"), ("/api/tags", OllamaTags), (path, body))
            : await PathServer.StartAsync(PathServer.Models("someone", "llama"), (path, body));
        var backend = Assert.Single((await DetectAsync(server.Address)).Backends);
        Assert.Equal(kind, backend.Kind);
        Assert.Equal(DestinationAnswer.Answering, backend.Answer);
        Assert.Equal(kind == "ollama" ? "llama3:latest" : "llama", Assert.Single(backend.Models).Name);
        Assert.Equal(kind switch { "llamacpp" => 4, "tgi" => 128, _ => null }, backend.Slots);
        Assert.Equal(kind switch { "tgi" => 2048, "ollama" => null, _ => 4096 }, backend.ContextTokens);
    }

    [Theory]
    [InlineData("vllm")]
    [InlineData("sglang")]
    [InlineData("llamacpp")]
    public async Task The_owner_of_a_model_tells_the_kind_too(string kind)
    {
        await using var server = await PathServer.StartAsync(PathServer.Models(kind, "llama"));
        Assert.Equal(kind, Assert.Single((await DetectAsync(server.Address)).Backends).Kind);
    }

    [Theory]
    [InlineData("""{"type":"error","error":{"type":"authentication_error","message":"x"}}""", "anthropic")]
    [InlineData("""{"error":{"message":"x","type":"invalid_request_error","code":"invalid_api_key"}}""", "openai")]
    [InlineData("""{"error":"Unauthorized"}""", "generic")]
    [InlineData("<html>", "generic")]
    public async Task A_refusal_tells_the_kind_and_what_to_set(string body, string kind)
    {
        await using var server = await PathServer.StartAsync(async context =>
        {
            context.Response.StatusCode = 401;
            await context.Response.WriteAsync(body);
        });
        var backend = Assert.Single((await DetectAsync(server.Address)).Backends);
        Assert.Equal((kind, DestinationAnswer.Unauthorized), (backend.Kind, backend.Answer));
        Assert.Contains("Extensions.Credentials", backend.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://api.openai.com/", "openai")]
    [InlineData("https://openrouter.ai/api/", "openai")]
    [InlineData("https://api.anthropic.com/", "anthropic")]
    [InlineData("https://mine.openai.azure.com/", "azure-openai")]
    [InlineData("https://openai.azure.com.evil.example/", null)]
    public void Hosted_apis_are_known_by_name(string address, string? kind) => Assert.Equal(kind, BackendProbe.HostedKind(new Uri(address)));

    [Fact]
    public async Task Backends_that_share_a_model_become_one_cluster_without_a_map()
    {
        await using var a = await PathServer.StartAsync(PathServer.Models("vllm", "llama", "qwen"));
        await using var b = await PathServer.StartAsync(PathServer.Models("vllm", "llama"));
        var gateway = await DetectAsync(a.Address, b.Address);
        var cluster = Assert.Single(gateway.Clusters);
        Assert.Equal(2, cluster.Destinations!.Count);
        Assert.Equal("vllm", ExtensionsCarrier.Read(cluster).ModelServer!.Kind);
        Assert.Equal("/v1/{**rest}", Assert.Single(gateway.Routes).Match.Path);
        Assert.Empty(ExtensionsCarrier.Read(gateway.Routes[0]).Models);
    }

    [Fact]
    public async Task Backends_with_other_models_become_clusters_with_a_map_and_the_printed_text_means_the_same()
    {
        await using var a = await PathServer.StartAsync(PathServer.Models("vllm", "llama"));
        await using var b = await PathServer.StartAsync(("/api/version", """{"version":"0.9"}"""), ("/api/tags", OllamaTags));
        await using var c = await PathServer.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        });
        var gateway = await DetectAsync(a.Address, b.Address, c.Address);
        Assert.Equal("c1:2 c2:1", string.Join(' ', gateway.Clusters.Select(cluster => $"{cluster.ClusterId}:{cluster.Destinations!.Count}")));
        Assert.Equal("* c1|llama c1|llama3:latest c2", Models(gateway));
        Assert.Equal(("ollama", "c2", "/api/{**rest}"), (gateway.Routes[1].RouteId, gateway.Routes[1].ClusterId, gateway.Routes[1].Match.Path));
        await AssertRoundTripAsync(gateway);
    }

    [Fact]
    public async Task A_backend_that_is_down_stays_and_takes_the_kind_of_the_only_others()
    {
        string down;
        await using (var gone = await PathServer.StartAsync())
        {
            down = gone.Address;
        }

        await using var up = await PathServer.StartAsync(PathServer.Models("sglang", "llama"));
        var gateway = await DetectAsync(down, up.Address);
        Assert.Equal(2, Assert.Single(gateway.Clusters).Destinations!.Count);
        Assert.Equal("sglang", ExtensionsCarrier.Read(gateway.Clusters[0]).ModelServer!.Kind);
        Assert.Contains("is unreachable: connection refused", gateway.Backends[0].Message, StringComparison.Ordinal);
        await AssertRoundTripAsync(gateway);
        var alone = await DetectAsync(down);
        Assert.Equal("generic", ExtensionsCarrier.Read(Assert.Single(alone.Clusters)).ModelServer!.Kind);
    }

    [Fact]
    public async Task Servers_of_different_kinds_that_share_a_model_become_one_cluster_and_it_is_told()
    {
        await using var a = await PathServer.StartAsync(PathServer.Models("vllm", "llama"));
        await using var b = await PathServer.StartAsync(PathServer.Models("sglang", "llama", "qwen"));
        await using var c = await PathServer.StartAsync(PathServer.Models("sglang", "other"));
        var gateway = await DetectAsync(a.Address, b.Address, c.Address);
        Assert.Equal("c1:2 c2:1", string.Join(' ', gateway.Clusters.Select(cluster => $"{cluster.ClusterId}:{cluster.Destinations!.Count}")));
        var extensions = ExtensionsCarrier.Read(gateway.Clusters[0]);
        Assert.Equal(("generic", "/health"), (extensions.ModelServer!.Kind, extensions.Health.Path));
        Assert.Equal("llama c1|other c2|qwen c1", Models(gateway));
        Assert.StartsWith($"{a.Address}/ (vllm), {b.Address}/ (sglang) become one cluster of kind generic", Assert.Single(gateway.Notices), StringComparison.Ordinal);
        await AssertRoundTripAsync(gateway);
    }

    [Fact]
    public async Task What_cannot_share_a_cluster_is_a_fallback_and_it_is_told()
    {
        await using var a = await PathServer.StartAsync(PathServer.Models("vllm", "llama3:latest"));
        await using var b = await PathServer.StartAsync(("/api/version", """{"version":"0.9"}"""), ("/api/tags", OllamaTags));
        var gateway = await DetectAsync(a.Address, b.Address);
        Assert.Equal("llama3:latest c1|llama3:latest@c2 c2", Models(gateway));
        var models = ExtensionsCarrier.Read(gateway.Routes[0]).Models;
        Assert.Equal(["llama3:latest@c2"], models["llama3:latest"].Fallback);
        Assert.Equal("llama3:latest", models["llama3:latest@c2"].Rewrite);
        var notice = Assert.Single(gateway.Notices);
        Assert.StartsWith($"{b.Address}/ is second choice for llama3:latest: used while {a.Address}/ is not available", notice, StringComparison.Ordinal);
        await AssertRoundTripAsync(gateway);
    }

    [Fact]
    public async Task A_server_without_a_list_stays_apart_and_the_one_left_out_is_told()
    {
        await using var lists = await PathServer.StartAsync(PathServer.Models("vllm", "llama"));
        await using var none = await PathServer.StartAsync(("/info", """{"model_id":"m"}"""));
        await using var locked = await PathServer.StartAsync(async context =>
        {
            context.Response.StatusCode = 401;
            await context.Response.WriteAsync("""{"error":{"message":"x","type":"invalid_request_error","code":"invalid_api_key"}}""");
        });
        var gateway = await DetectAsync(lists.Address, locked.Address, none.Address);
        Assert.Equal("* c3|llama c1", Models(gateway));
        Assert.EndsWith(
            $"It is left out for now, because models nobody lists go to {none.Address}/: write a routes.json with --print-config and name its models under Models of route 'openai' there, with Cluster 'c2'.",
            gateway.Backends[1].Message,
            StringComparison.Ordinal);
        Assert.EndsWith(" It gets requests for models that no other lists.", gateway.Backends[2].Message, StringComparison.Ordinal);
        await AssertRoundTripAsync(gateway);
    }

    [Fact]
    public async Task Silence_garbage_and_endless_answers_end_within_four_seconds()
    {
        await using var silent = await PathServer.StartAsync(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        await using var garbage = await PathServer.StartAsync(context => context.Response.WriteAsync("<html>"));
        await using var endless = await PathServer.StartAsync(async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync(new string(' ', 65536));
            }
        });

        // On a busy machine any single one may be slow.
        var (gateway, quickest) = (default(DetectedGateway), TimeSpan.MaxValue);
        for (var i = 0; i < 3 && quickest > TimeSpan.FromSeconds(4); i++)
        {
            var began = TimeProvider.System.GetTimestamp();
            gateway = await DetectAsync(silent.Address, garbage.Address, endless.Address);
            quickest = TimeProvider.System.GetElapsedTime(began);
        }

        Assert.InRange(quickest, TimeSpan.Zero, TimeSpan.FromSeconds(4));
        Assert.Equal(DestinationAnswer.Unreachable, gateway!.Backends[0].Answer);
        Assert.Contains("no answer within 2 s", gateway.Backends[0].Message, StringComparison.Ordinal);
        Assert.All(gateway.Backends, b => Assert.Empty(b.Models));
        await AssertRoundTripAsync(gateway);
    }

    [Theory]
    [InlineData("/v1/models", "but did not list its models: no answer within 2 s.")]
    [InlineData("/props", "serves llama. Not every path gave an answer within the time, so its kind is a guess.")]
    public async Task A_path_that_is_silent_while_others_answer_is_told(string silent, string expected)
    {
        await using var server = await PathServer.StartAsync(context => context.Request.Path == silent
            ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
            : context.Response.WriteAsync(PathServer.Models("someone", "llama").Body));
        var backend = Assert.Single((await DetectAsync(server.Address)).Backends);
        Assert.Equal(DestinationAnswer.Answering, backend.Answer);
        Assert.Contains(expected, backend.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var target = await PathServer.StartAsync(PathServer.Models("vllm", "stolen"));
        await using var server = await PathServer.StartAsync(context =>
        {
            context.Response.Redirect(target.Address + context.Request.Path);
            return Task.CompletedTask;
        });
        var backend = Assert.Single((await DetectAsync(server.Address)).Backends);
        Assert.Empty(backend.Models);
        Assert.Equal(DestinationAnswer.Failing, backend.Answer);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(BackendDetection.MaxBackends + 1)]
    public async Task The_number_of_backends_is_limited(int count)
    {
        var error = await Assert.ThrowsAsync<InvalidBackendException>(() => DetectAsync([.. Enumerable.Range(0, count).Select(i => $"http://127.0.0.1:{i + 1}")]));
        Assert.Contains("--backend", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_backend_twice_is_refused() =>
        await Assert.ThrowsAsync<InvalidBackendException>(() => DetectAsync("http://127.0.0.1:1", "http://127.0.0.1:1/v1"));

    private static Task<DetectedGateway> DetectAsync(params string[] backends) =>
        BackendDetection.DetectAsync(backends, TimeProvider.System, TestContext.Current.CancellationToken);

    private static string Models(DetectedGateway gateway) => string.Join(
        '|', ExtensionsCarrier.Read(gateway.Routes[0]).Models.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key} {m.Value.Cluster}"));

    private static async Task AssertRoundTripAsync(DetectedGateway gateway)
    {
        var text = gateway.ToRoutesJson();
        Assert.StartsWith("{\n  \"$schema\": \"./routes.schema.json\",", text, StringComparison.Ordinal);
        var sources = new ConfigurationSources { Files = new ConfigurationFiles(), InMemoryRoutes = new RoutesText("printed", text) };
        var findings = await TestDirectory.CheckAsync(sources);
        Assert.DoesNotContain(findings, f => f.Severity == ErrorSeverity.Error);
        var loaded = RoutesReader.Read(ConfigurationLoader.Load(sources).Root);
        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse(RoutesWriter.Write(gateway.Routes, gateway.Clusters)), JsonNode.Parse(RoutesWriter.Write(loaded.Routes, loaded.Clusters))),
            text);
    }
}
