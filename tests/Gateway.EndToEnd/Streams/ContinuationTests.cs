using System.Globalization;
using System.Text;
using BlazeGateway.EndToEnd.Health;

namespace BlazeGateway.EndToEnd.Streams;

/// <summary>
/// Many streams run on a model server that is a process of its own when it is killed with SIGKILL. On a route that has streams continued their clients read on, from
/// the other two servers, the very bytes of a stream that nobody interrupted; on one that has not they are told.
/// </summary>
public sealed class ContinuationTests
{
    private const int Streams = 50;
    private const int Others = 10;
    private const string Case = "X-Case";

    /// <summary>Where the server that will be killed stands still: between two events, in the middle of one, early and late.</summary>
    private const string Places = "hang=after:2;count=10,hang=mid:3;count=10,hang=after:9;count=10,hang=mid:17;count=10,hang=after:21";

    [Fact]
    public async Task Streams_of_a_server_that_is_killed_go_on_as_if_nothing_had_happened()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ModelServerProcess.StartAsync("--max-running", "512")));
        await using var first = servers[0];
        await using var second = servers[1];
        await using var third = servers[2];
        await using var gateway = await GatewayFixture.StartAsync(Routes(servers));
        await Sdk.TwoWays.AnsweringAsync(gateway);

        // Nobody knows which server answers the next request: they are sent until enough of them stand still on the one.
        await first.SetFaultAsync("hang=after:5;path=/v1/chat");
        var plain = await BeginAsync(gateway, "plain", Others);
        await first.SetFaultAsync(string.Join(',', Places.Split(',').Select(place => place + ";path=/v1/chat")));
        var continued = await BeginAsync(gateway, "continued", Streams);
        var killed = TimeProvider.System.GetTimestamp();
        await first.KillAsync();

        var answers = await Task.WhenAll(continued.Select(stream => stream.Reading));
        TestContext.Current.SendDiagnosticMessage($"killed to the end of the last stream: {TimeProvider.System.GetElapsedTime(killed).TotalMilliseconds:F0} ms");
        using var direct = BlazeProcess.NewClient(second.Address);
        var expected = await Task.WhenAll(continued.Select(stream => WholeAsync(direct, stream.Body)));
        var finished = continued.Index().Where(stream => stream.Item.IsFirst && answers[stream.Index] == expected[stream.Index]).Count();
        var broken = continued.Index().Where(stream => !stream.Item.IsFirst && answers[stream.Index] != expected[stream.Index]).Count();
        TestContext.Current.SendDiagnosticMessage($"{finished} of {continued.Count(stream => stream.IsFirst)} streams went on to their ends; {broken} of {continued.Count(stream => !stream.IsFirst)} on the others differ");
        Assert.True(finished >= Streams - 2 && broken == 0, string.Join("\n---\n", continued.Index().Where(stream => answers[stream.Index] != expected[stream.Index]).Take(2).Select(stream => $"{answers[stream.Index]}\n--- instead of\n{expected[stream.Index]}")));

        foreach (var stream in plain.Where(stream => stream.IsFirst))
        {
            var answer = await stream.Reading;
            Assert.Contains("\"code\":\"upstream_reset\"", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("[DONE]", answer, StringComparison.Ordinal);
        }

        var metrics = (await gateway.Admin.GetStringAsync("/metrics")).Split('\n');
        var counted = metrics.Single(line => line.StartsWith("blaze_stream_continuations_total{cluster=\"llm\",result=\"completed\"}", StringComparison.Ordinal));
        Assert.InRange(int.Parse(counted.AsSpan(counted.LastIndexOf(' ')), CultureInfo.InvariantCulture), Streams - 2, int.MaxValue);
    }

    /// <summary>Sends streams until so many run on the first server, and each of those has begun.</summary>
    private static async Task<List<Running>> BeginAsync(GatewayFixture gateway, string route, int streams)
    {
        var all = new List<Running>();
        while (all.Count(stream => stream.IsFirst) < streams)
        {
            all.AddRange(await Task.WhenAll(Enumerable.Range(all.Count, 3).Select(number => Running.StartAsync(gateway.Proxy, route, number))));
        }

        await Eventually.TrueAsync(() => all.TrueForAll(stream => stream.HasBegun));
        return all;
    }

    private static async Task<string> WholeAsync(HttpClient client, string body)
    {
        using var answer = await client.PostAsync("/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"));
        return await answer.Content.ReadAsStringAsync();
    }

    private static string Routes(ModelServerProcess[] servers) => $$"""
        {
          "ReverseProxy": {
            "Routes": {
              "continued": { "ClusterId": "llm", "Match": { "Path": "/{**rest}", "Headers": [ { "Name": "{{Case}}", "Values": [ "continued" ] } ] }, "Extensions": { "Continuation": { "Enabled": true }, "Response": { "DestinationHeader": true } } },
              "plain": { "ClusterId": "llm", "Match": { "Path": "/{**rest}", "Headers": [ { "Name": "{{Case}}", "Values": [ "plain" ] } ] }, "Extensions": { "Response": { "DestinationHeader": true } } }
            },
            "Clusters": {
              "llm": {
                "LoadBalancingPolicy": "RoundRobin",
                "Destinations": { {{string.Join(", ", servers.Select((server, i) => $"\"d{i}\": {{ \"Address\": \"{server.Address}\" }}"))}} },
                "Extensions": { "ModelServer": { "Kind": "vllm" } }
              }
            }
          }
        }
        """;

    /// <summary>A stream that is read as it comes.</summary>
    private sealed class Running
    {
        private int _events;

        private Running(string body, bool isFirst)
        {
            Body = body;
            IsFirst = isFirst;
        }

        public string Body { get; }

        /// <summary>Whether it runs on the server that will be killed.</summary>
        public bool IsFirst { get; }

        /// <summary>Whether some of its text has come.</summary>
        public bool HasBegun => Volatile.Read(ref _events) >= 2;

        /// <summary>All that came, once it ended, in whichever way.</summary>
        public Task<string> Reading { get; private set; } = null!;

        public static async Task<Running> StartAsync(HttpClient client, string route, int number)
        {
            var usage = number % 2 == 0 ? "\"stream_options\":{\"include_usage\":true}," : "";
            var body = $$"""{"model":"demo-small","stream":true,{{usage}}"max_tokens":{{30 + (number % 40)}},"messages":[{"role":"user","content":"Question {{number}}"}]}""";
            var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Add(Case, route);
            var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            answer.EnsureSuccessStatusCode();
            var running = new Running(body, answer.Headers.GetValues("X-Blaze-Destination").Single() == "d0");
            running.Reading = running.ReadAsync(answer);
            return running;
        }

        private async Task<string> ReadAsync(HttpResponseMessage answer)
        {
            var text = new StringBuilder();
            try
            {
                using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
                while (await reader.ReadLineAsync() is { } line)
                {
                    text.Append(line).Append('\n');
                    if (line.StartsWith("data: ", StringComparison.Ordinal))
                    {
                        Interlocked.Increment(ref _events);
                    }
                }
            }
            catch (Exception cut) when (cut is IOException or HttpRequestException)
            {
                // What a client sees of a stream that broke off.
            }

            answer.Dispose();
            return text.ToString();
        }
    }
}
