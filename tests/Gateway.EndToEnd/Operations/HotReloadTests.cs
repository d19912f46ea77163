using System.Net;
using BlazeGateway.Bench;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.EndToEnd.Operations;

[Collection(nameof(Alone))]
public sealed class HotReloadTests(ITestOutputHelper output)
{
    private const int Reloads = 20;
    private const int Streams = 20;
    private const double Rate = 200;
    private const int AnswerTokens = 400;

    /// <summary>
    /// The streams' model server is paced by a clock of the test, so that every stream is open across all reloads and has chunks between any two of them,
    /// however fast the machine is.
    /// </summary>
    [Fact]
    public async Task Twenty_reloads_cost_no_request_and_no_stream()
    {
        var clock = new FakeTimeProvider();
        var steady = new ModelServerHostOptions { Models = ["steady"], AnswerTokens = AnswerTokens };
        await using var paced = await ModelServerHost.StartAsync(steady with { Engine = new EngineOptions { BatchCost = 0 } }, clock);
        await using var twin = await ModelServerHost.StartAsync(steady with { Unpaced = true });
        await using var first = await ModelServerHost.StartAsync(new ModelServerHostOptions { Models = ["quick"], Unpaced = true });
        await using var second = await ModelServerHost.StartAsync(new ModelServerHostOptions { Models = ["quick"], Unpaced = true });
        string Version(int number) => Text(number, paced.Address, first.Address, second.Address);

        using var mount = new MountedConfiguration(Version(0));
        await using var blaze = await BlazeProcess.ServeAsync(["--config", mount.Routes]);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);
        using var admin = BlazeProcess.NewClient(blaze.Admin);

        var streams = StreamAsync(blaze.Proxy);
        await UntilAsync(() => paced.Stats.InFlight >= Streams, clock, TimeSpan.Zero);
        await using var load = BackgroundLoad.Start(blaze.Proxy, "quick", Rate);
        var times = new List<TimeSpan>();
        for (var i = 1; i <= Reloads; i++)
        {
            var tokens = paced.Engine.Totals.GeneratedTokens;
            Action<string> change = i % 2 == 0 ? mount.Swap : mount.Overwrite;
            change(Version(i));
            times.Add((await ServedConfiguration.WaitAsync(admin, served => served.Version == i + 1)).Took);
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(proxy, $"/probe-{i}/health"));
            Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(proxy, $"/probe-{i - 1}/health"));
            await UntilAsync(() => paced.Engine.Totals.GeneratedTokens >= tokens + Streams, clock, TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(Streams, paced.Engine.Running);
        var seconds = await load.StopAsync();
        await UntilAsync(() => streams.IsCompleted, clock, TimeSpan.FromMilliseconds(500));
        var whole = await streams;
        var expected = await StreamAsync(twin.Address);

        Report(times, seconds, whole);
        Assert.Equal(Streams, expected.Hashes!.Count);
        Assert.Equal(expected.Hashes, whole.Hashes);
        Assert.Equal(Streams, whole.Ok);
        Assert.Equal(0, seconds.Sum(result => result.Failed));
        Assert.All(seconds, result => Assert.Equal((long)Rate, result.Requests));
        var metrics = await admin.GetStringAsync("/metrics");
        Assert.Contains($"blaze_config_reloads_total{{result=\"applied\"}} {Reloads + 1}\n", metrics, StringComparison.Ordinal);
        Assert.Contains("blaze_config_reloads_total{result=\"rejected\"} 0\n", metrics, StringComparison.Ordinal);

        // The middle one, because a machine that is busy with something else may hold up any single one.
        Assert.InRange(times.Order().ElementAt(Reloads / 2), TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    private static Task<LoadResult> StreamAsync(Uri url) => LoadEngine.RunAsync(
        new LoadOptions
        {
            Request = new RequestOptions { Url = url, Model = "steady", Stream = true, Prompts = Streams, MaxTokens = AnswerTokens },
            Concurrency = Streams,
            Requests = Streams,
            Timeout = TimeSpan.FromMinutes(5),
            HashBodies = true,
        },
        TimeProvider.System);

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return answer.StatusCode;
    }

    private static async Task UntilAsync(Func<bool> condition, FakeTimeProvider clock, TimeSpan step)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!condition())
        {
            clock.Advance(step);
            await timer.WaitForNextTickAsync(patience.Token);
        }
    }

    /// <summary>Every version changes what the next one changes back or further: policies, destinations, connections, limits, routes, clusters.</summary>
    private static string Text(int number, Uri paced, Uri first, Uri second) => $$"""
        {
          "ReverseProxy": {
            "Routes": {
              "ai": {
                "ClusterId": "quick",
                "Match": { "Path": "/v1/{**rest}" },
                "Extensions": {
                  "Models": { "quick": {}{{(HasStreams(number) ? ", \"steady\": { \"Cluster\": \"steady\" }" : "")}} },
                  "Response": { "DestinationHeader": {{(number % 2 == 0 ? "true" : "false")}} }
                }
              },
              "probe": { "ClusterId": "quick", "Match": { "Path": "/probe-{{number}}/{**rest}" }, "Transforms": [ { "PathRemovePrefix": "/probe-{{number}}" } ] }
            },
            "Clusters": {
              {{(HasStreams(number) ? Steady(number, paced) : "")}}
              "quick": {
                "LoadBalancingPolicy": "{{(number % 3) switch { 0 => "RoundRobin", 1 => "LeastRequests", _ => "PowerOfTwoChoices" }}}",
                "HttpClient": { "MaxConnectionsPerServer": {{64 + (number / 2)}} },
                "Destinations": {
                  "a": { "Address": "{{first}}" }{{(number % 4 >= 2 ? $", \"b\": {{ \"Address\": \"{second}\" }}" : "")}}
                },
                "Extensions": { "ModelServer": { "Kind": "vllm" }, "Timeouts": { "FirstByte": "00:01:{{number:00}}" } }
              }
            }
          }
        }
        """;

    // Twice the streams' cluster is gone while they run.
    private static bool HasStreams(int number) => number % 8 is not (6 or 7);

    private static string Steady(int number, Uri paced) => $$"""
        "steady": {
          "HttpClient": { "MaxConnectionsPerServer": {{100 + number}} },
          "Destinations": { "s": { "Address": "{{paced}}" } },
          "Extensions": { "ModelServer": { "Kind": "vllm" } }
        },
        """;

    private void Report(List<TimeSpan> times, IReadOnlyList<LoadResult> seconds, LoadResult streams)
    {
        var ordered = times.Order().ToList();
        output.WriteLine($"{Reloads} reloads applied after {string.Join(", ", times.Select(time => $"{time.TotalMilliseconds:0}"))} ms; median {ordered[Reloads / 2].TotalMilliseconds:0}, longest {ordered[^1].TotalMilliseconds:0}");
        output.WriteLine($"{seconds.Sum(result => result.Requests)} requests in {seconds.Count} s at {Rate}/s: {seconds.Sum(result => result.Failed)} failed; p99 by second {string.Join(", ", seconds.Select(result => $"{result.Latency.P99:0.0}"))} ms");
        output.WriteLine($"{streams.Ok}/{streams.Requests} streams whole, {streams.ContentEvents} chunks");
    }
}
