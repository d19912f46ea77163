using System.Globalization;
using BlazeGateway.Policies.Destinations;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>Model servers that are processes of their own stand still, behind a real gateway, with streams in flight.</summary>
[Collection(nameof(LoadCollection))]
public sealed class ProgressTests
{
    private const string Stream = """{"model":"demo-small","stream":true,"max_tokens":4000,"ignore_eos":true,"messages":[{"role":"user","content":"Hello"}]}""";

    [Fact]
    public async Task A_stopped_server_is_out_within_a_second_and_a_half_and_comes_back_when_it_goes_on()
    {
        await using var scene = await Scene.StartAsync(3);
        await scene.OpenAsync(6);

        await Eventually.TrueAsync(() => scene.Patience("d1").TotalMilliseconds == 250);
        var time = TimeProvider.System;
        scene.Servers[1].Stop();
        var stopped = time.GetTimestamp();
        try
        {
            await Eventually.TrueAsync(() => scene.Destinations.StateOf("d1") == "ejected");
            var took = time.GetElapsedTime(stopped);
            TestContext.Current.SendDiagnosticMessage($"stopped to ejected: {took.TotalMilliseconds:F0} ms");
            Assert.InRange(took.TotalSeconds, 0, 1.5);
        }
        finally
        {
            scene.Servers[1].Continue();
        }

        await Eventually.TrueAsync(() => scene.Destinations.StateOf("d1") == "up");
        TestContext.Current.SendDiagnosticMessage($"stopped to up again: {time.GetElapsedTime(stopped).TotalMilliseconds:F0} ms");
        Assert.Equal("d1", Assert.Single(scene.TakenOut));
    }

    [Fact]
    public async Task Whose_streams_advance_is_never_ejected_for_slow_answers_to_probes()
    {
        await using var scene = await Scene.StartAsync(2);
        await scene.OpenAsync(4);
        await Eventually.TrueAsync(async () => await scene.ProbesAsync("d0", "alive") >= 10);
        await scene.Servers[0].SetFaultAsync("health=5s");
        await Eventually.TrueAsync(async () => await scene.ProbesAsync("d0", "silent") >= 8);
        Assert.Empty(scene.TakenOut);
        Assert.InRange(await scene.MetricAsync("blaze_health_probes_outranked_total{cluster=\"llm\",destination=\"d0\"} "), 8, int.MaxValue);
    }

    [Fact]
    public async Task Whose_streams_all_stand_still_is_wedged_although_it_answers_probes()
    {
        await using var scene = await Scene.StartAsync(2);
        await scene.Servers[0].SetFaultAsync("hang=after:3");
        await scene.OpenAsync(4);
        var time = TimeProvider.System;
        var opened = time.GetTimestamp();
        await Eventually.TrueAsync(() => scene.Destinations.StateOf("d0") == "wedged");
        var took = time.GetElapsedTime(opened);
        TestContext.Current.SendDiagnosticMessage($"stood still to wedged: {took.TotalSeconds:F2} s");
        Assert.InRange(took.TotalSeconds, 8, 20);
        Assert.Equal("d0", Assert.Single(scene.TakenOut));
        Assert.Equal(0, await scene.ProbesAsync("d0", "silent"));
        Assert.Equal(1, await scene.MetricAsync("blaze_destination_ejections_total{cluster=\"llm\",destination=\"d0\",reason=\"no_progress\"} "));
    }

    private sealed class Scene : IAsyncDisposable
    {
        private readonly GatewayFixture _gateway;
        private readonly List<HttpResponseMessage> _streams = [];

        private Scene(ModelServerProcess[] servers, GatewayFixture gateway)
        {
            (Servers, _gateway, Destinations) = (servers, gateway, new Destinations(gateway));
            Destinations.Registry.Listen(change =>
            {
                if (change.WasAvailable && !change.IsAvailable)
                {
                    lock (TakenOut)
                    {
                        TakenOut.Add(change.Destination.DestinationId);
                    }
                }
            });
        }

        public ModelServerProcess[] Servers { get; }

        public Destinations Destinations { get; }

        public List<string> TakenOut { get; } = [];

        public static async Task<Scene> StartAsync(int count)
        {
            var servers = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => ModelServerProcess.StartSlowAsync(decodeRate: 25)));
            foreach (var server in servers)
            {
                await server.WarmAsync();
            }

            return new Scene(servers, await GatewayFixture.StartAsync(GatewayFixture.Routes([.. servers.Select(server => server.Address)])));
        }

        /// <summary>Opens streams, and reads what comes of each in the background.</summary>
        public async Task OpenAsync(int count)
        {
            await Eventually.TrueAsync(() => Destinations.Cluster.Destinations.Keys.All(id => Destinations.Facts(id).IsSeen));
            for (var i = 0; i < count; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Stream, System.Text.Encoding.UTF8, "application/json") };
                var answer = await _gateway.Proxy.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                answer.EnsureSuccessStatusCode();
                _streams.Add(answer);
                _ = DrainAsync(answer);
            }
        }

        public Task<int> ProbesAsync(string id, string result) => MetricAsync($"blaze_health_probes_total{{cluster=\"llm\",destination=\"{id}\",result=\"{result}\"}} ");

        public TimeSpan Patience(string id) => _gateway.Host.Services.GetRequiredService<ModelCatalog>().Patience(Destinations.Cluster.Destinations[id])!.Value;

        public async Task<int> MetricAsync(string name)
        {
            var line = (await _gateway.Admin.GetStringAsync("/metrics")).Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            return line is null ? 0 : int.Parse(line.AsSpan(name.Length), CultureInfo.InvariantCulture);
        }

        public async ValueTask DisposeAsync()
        {
            _streams.ForEach(stream => stream.Dispose());
            await _gateway.DisposeAsync();
            foreach (var server in Servers)
            {
                await server.DisposeAsync();
            }
        }

        private static async Task DrainAsync(HttpResponseMessage answer)
        {
            try
            {
                await using var body = await answer.Content.ReadAsStreamAsync();
                await body.CopyToAsync(System.IO.Stream.Null);
            }
            catch (Exception error) when (error is HttpRequestException or IOException or ObjectDisposedException)
            {
                // It breaks off at the end of the test.
            }
        }
    }
}
