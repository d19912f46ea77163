using System.Net;
using System.Text;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>What clients see of a gateway that is told to stop.</summary>
[Collection(nameof(Alone))]
public sealed class DrainTests
{
    private const string Body = """{"model":"demo-small","stream":true,"messages":[{"role":"user","content":"Hello"}]}""";
    private static readonly TimeProvider Clock = TimeProvider.System;

    [Fact]
    public async Task Fifty_streams_end_whole_and_nothing_fails_for_clients_that_watch_readiness()
    {
        await using var slow = await SlowServerAsync(tokens: 30);
        await using var fast = await ModelServerHost.StartAsync(new ModelServerHostOptions { AnswerTokens = 4, Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("slow.json", TwoRoutes(slow.Address, fast.Address));
        directory.Write("fast.json", GatewayFixture.Routes([fast.Address]));
        await using var old = await BlazeProcess.ServeAsync(["--config", "slow.json", "--Drain:Delay=00:00:02"], directory.Path);
        await using var young = await BlazeProcess.ServeAsync(["--config", "fast.json"], directory.Path);
        var streams = Enumerable.Range(0, 50).Select(_ => StreamAsync(old.Proxy)).ToList();
        await Task.WhenAll(streams.Select(stream => stream.Head));
        await using var clients = ReadinessClients.Start(old, young, perSecond: 200);
        await clients.HaveAskedAsync(200);

        var told = Clock.GetTimestamp();
        old.Terminate();
        await clients.SawUnreadyAsync;
        var noticed = Clock.GetElapsedTime(told);
        Assert.Equal("ok\n", await clients.AdminAsync("/livez"));
        var texts = await Task.WhenAll(streams.Select(stream => stream.Text));
        var last = Clock.GetTimestamp();
        Assert.Equal(0, await old.ExitAsync());
        var exit = Clock.GetElapsedTime(last);
        var (asked, failures) = await clients.StopAsync();

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"readyz 503 after {noticed.TotalMilliseconds:0} ms; {asked} requests, {failures.Count} failed; 50 streams whole; last one {Clock.GetElapsedTime(told, last).TotalSeconds:0.0} s after SIGTERM; exit {exit.TotalMilliseconds:0} ms after it");
        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(5)));
        Assert.All(texts, text => Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal));
        Assert.Single(texts.Select(text => text.Split("\n\n").Length).Distinct());
        Assert.True(Clock.GetElapsedTime(told, last) > TimeSpan.FromSeconds(2), "the streams were to outlast the delay");
        Assert.True(exit <= TimeSpan.FromSeconds(1), $"{exit}");
        foreach (var phase in new[] { "Stopping: /readyz", "Nothing more is accepted. ", "Drained in " })
        {
            Assert.Contains(phase, old.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_that_takes_too_long_gets_the_error_and_the_process_ends(bool bySecondSignal)
    {
        await using var slow = await SlowServerAsync(tokens: 10_000);
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([slow.Address]));
        var limit = TimeSpan.FromSeconds(bySecondSignal ? 600 : 2);
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json", $"--Drain:Timeout={limit}"], directory.Path);
        var stream = StreamAsync(blaze.Proxy);
        await stream.Head;

        blaze.Terminate();
        await blaze.WaitForAsync(text => text.Contains("Nothing more is accepted", StringComparison.Ordinal));
        var closed = Clock.GetTimestamp();
        if (bySecondSignal)
        {
            blaze.Terminate();
        }

        Assert.Equal(0, await blaze.ExitAsync());
        var exit = Clock.GetElapsedTime(closed);
        var text = await stream.Text;
        TestContext.Current.TestOutputHelper!.WriteLine($"limit {limit}, exit after {exit.TotalSeconds:0.00} s");
        Assert.Contains("\"code\":\"gateway_shutdown\"", text.TrimEnd().Split("\n\n")[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.InRange(exit, bySecondSignal ? TimeSpan.Zero : limit - TimeSpan.FromMilliseconds(200), (bySecondSignal ? TimeSpan.Zero : limit) + TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_request_without_an_answer_is_told_that_the_gateway_stops()
    {
        await using var mute = await ModelServerHost.StartAsync(new ModelServerHostOptions { AnswerTokens = 4, Engine = new EngineOptions { DecodeRate = 0.01 } });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([mute.Address]));
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json", "--Drain:Timeout=00:00:01"], directory.Path);
        using var client = BlazeProcess.NewClient(blaze.Proxy);
        using var content = new StringContent(Body.Replace("\"stream\":true", "\"stream\":false", StringComparison.Ordinal), Encoding.UTF8, "application/json");
        var asking = client.PostAsync("/v1/chat/completions", content);
        using var admin = BlazeProcess.NewClient(blaze.Admin);
        await Health.Eventually.TrueAsync(async () => (await admin.GetStringAsync("/metrics")).Split('\n').Any(line =>
            line.StartsWith("http_server_active_requests{", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal)));
        blaze.Terminate();
        using var answer = await asking;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("draining", answer.Headers.GetValues("X-Blaze-Error").Single());
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.True(answer.Headers.ConnectionClose);
        Assert.Equal(0, await blaze.ExitAsync());
    }

    [Fact]
    public async Task While_new_requests_are_served_used_connections_are_asked_to_close()
    {
        await using var fast = await ModelServerHost.StartAsync(new ModelServerHostOptions { AnswerTokens = 4, Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([fast.Address]));
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json", "--Drain:Delay=00:10:00"], directory.Path);
        using var client = BlazeProcess.NewClient(blaze.Proxy);
        using var admin = BlazeProcess.NewClient(blaze.Admin);
        using var before = await client.GetAsync("/v1/models");
        Assert.NotEqual(true, before.Headers.ConnectionClose);
        blaze.Terminate();
        await blaze.WaitForAsync(text => text.Contains("Stopping: /readyz", StringComparison.Ordinal));
        using var ready = await admin.GetAsync("/readyz");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "not ready: draining\n"), (ready.StatusCode, await ready.Content.ReadAsStringAsync()));
        for (var i = 0; i < 3; i++)
        {
            using var during = await client.GetAsync("/v1/models");
            Assert.Equal((HttpStatusCode.OK, (bool?)true), (during.StatusCode, during.Headers.ConnectionClose));
        }

        using var second = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var overHttp2 = await client.SendAsync(second);
        Assert.Equal(HttpStatusCode.OK, overHttp2.StatusCode);
        Assert.Contains("blaze_requests_total", await admin.GetStringAsync("/metrics"), StringComparison.Ordinal);

        using var idle = await Wire.Http2Client.OpenAsync(blaze.Proxy);
        await idle.GetAsync(1, Wire.Http2Client.Request(path: "/v1/models"));
        Assert.True(await GetsAsync(idle, Wire.Http2Client.GoAway), "GOAWAY");

        // The second signal leaves out what is left of the delay, too.
        blaze.Terminate();
        Assert.Equal(0, await blaze.ExitAsync(seconds: 10));
    }

    /// <summary>The best of three: what else the machine does is not the gateway's doing.</summary>
    [Fact]
    public async Task Killed_and_started_again_it_serves_within_two_seconds()
    {
        await using var fast = await ModelServerHost.StartAsync(new ModelServerHostOptions { AnswerTokens = 4, Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([fast.Address]));
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 3; i++)
        {
            await using var first = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);
            first.Kill();
            await first.ExitAsync();
            var killed = Clock.GetTimestamp();
            await using var next = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);
            using var client = BlazeProcess.NewClient(next.Proxy);
            using var answer = await client.GetAsync("/v1/models");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var took = Clock.GetElapsedTime(killed);
            best = took < best ? took : best;
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"serving {best.TotalSeconds:0.00} s after kill -9");
        Assert.True(best <= TimeSpan.FromSeconds(2), $"{best}");
    }

    /// <summary>Whether a frame of this type comes before the connection ends.</summary>
    private static async Task<bool> GetsAsync(Wire.Http2Client client, byte type)
    {
        while (await client.ReadAsync() is { } frame)
        {
            if (frame.Type == type)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Chats go to one server and all else to another, so that the many short requests do not wait behind the streams.</summary>
    private static string TwoRoutes(Uri chats, Uri others) => $$"""
        {
          "ReverseProxy": {
            "Routes": {
              "chats": { "ClusterId": "slow", "Match": { "Path": "/v1/chat/completions" } },
              "others": { "ClusterId": "fast", "Match": { "Path": "/{**rest}" } }
            },
            "Clusters": {
              "slow": { "Destinations": { "d": { "Address": "{{chats}}" } }, "Extensions": { "ModelServer": { "Kind": "vllm" } } },
              "fast": { "Destinations": { "d": { "Address": "{{others}}" } }, "Extensions": { "ModelServer": { "Kind": "vllm" } } }
            }
          }
        }
        """;

    private static Task<ModelServerHost> SlowServerAsync(int tokens) =>
        ModelServerHost.StartAsync(new ModelServerHostOptions { AnswerTokens = tokens, Engine = new EngineOptions { DecodeRate = 10 } });

    private static (Task Head, Task<string> Text) StreamAsync(Uri proxy)
    {
        var head = new TaskCompletionSource();
        return (head.Task, ReadAsync(proxy, head));
    }

    /// <summary>Everything that came, also when it broke off.</summary>
    private static async Task<string> ReadAsync(Uri proxy, TaskCompletionSource head)
    {
        using var client = BlazeProcess.NewClient(proxy);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        head.SetResult();
        await using var stream = await answer.Content.ReadAsStreamAsync();
        var text = new MemoryStream();
        try
        {
            await stream.CopyToAsync(text);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            head.TrySetResult();
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }
}
