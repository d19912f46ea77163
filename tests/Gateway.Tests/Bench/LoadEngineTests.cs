using System.Net;
using System.Net.Sockets;
using System.Text;
using BlazeGateway.Bench;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Tests.Bench;

public class LoadEngineTests
{
    private const string Content = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";

    [Fact]
    public async Task Sends_exactly_the_requests_asked_for()
    {
        var seen = 0;
        await using var server = await WebServer.StartAsync(context =>
        {
            Interlocked.Increment(ref seen);
            return context.Response.WriteAsync("hello");
        });

        var result = await Loads.RunAsync(Loads.Closed(server.Url, concurrency: 4, requests: 200));

        Assert.Equal((200, 200L, 200L, 4L, 1_000L), (seen, result.Ok, result.Attempts, result.Connects, result.BodyBytes));
        Assert.Equal(200, result.Latency.Count);
        Assert.True(result.Latency.Min > 0 && result.Latency.P50 <= result.Latency.P99 && result.Latency.P99 <= result.Latency.Max);
        Assert.Equal(200, result.Seconds.Sum(second => second.Ok));
    }

    [Fact]
    public async Task Sends_the_method_path_headers_and_body_given()
    {
        string? seen = null;
        await using var server = await WebServer.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Headers["X-A"]} {await reader.ReadToEndAsync()}";
        });
        var options = Loads.Closed(server.Url, 1, 1) with
        {
            Request = new RequestOptions { Url = server.Url, Method = "PUT", Path = "/p?q=1", Body = "bödy", Headers = [new("X-A", "b")] },
        };

        Assert.Equal(1, (await Loads.RunAsync(options)).Ok);
        Assert.Equal("PUT /p?q=1 b bödy", seen);
    }

    [Fact]
    public async Task A_large_prompt_arrives_whole_and_prompts_take_turns()
    {
        var lengths = new List<long>();
        var bodies = new HashSet<string>(StringComparer.Ordinal);
        await using var server = await WebServer.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var text = await reader.ReadToEndAsync();
            var prompt = System.Text.Json.JsonDocument.Parse(text).RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!;
            lengths.Add(prompt.Length);
            bodies.Add(prompt);
        });
        var options = Loads.Closed(server.Url, 1, 6) with
        {
            Request = new RequestOptions { Url = server.Url, Model = "m", PromptBytes = 3_000_000, Prompts = 3 },
        };

        Assert.Equal(6, (await Loads.RunAsync(options)).Ok);
        Assert.All(lengths, length => Assert.Equal(3_000_000, length));
        Assert.Equal(3, bodies.Count);
    }

    [Fact]
    public async Task A_stream_reports_first_content_gaps_and_digest()
    {
        await using var server = await WebServer.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var index = 0; index < 3; index++)
            {
                await context.Response.WriteAsync(Content);
                await context.Response.Body.FlushAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(40), TimeProvider.System);
            }

            await context.Response.WriteAsync("data: [DONE]\n\n");
        });

        var result = await Loads.RunAsync(Loads.Streams(server.Url, 5) with { HashBodies = true });

        Assert.Equal((5L, 15L), (result.Ok, result.ContentEvents));
        Assert.Equal(10, result.InterTokenLatency!.Count);
        Assert.InRange(result.InterTokenLatency.P50, 30, 1_000);
        Assert.InRange(result.TimePerOutputToken!.P50, 30, 1_000);
        Assert.True(result.TimeToFirstToken!.P50 + 100 <= result.Latency.P50);
        Assert.Equal([5L], result.Hashes!.Values);
    }

    [Theory]
    [InlineData(Content, "incomplete_stream")]
    [InlineData(Content + "data: {\"error\":{}}\n\n", "error_in_stream")]
    [InlineData(Content + "data: {\n\n", "malformed")]
    [InlineData(Content + "data: [DONE]\n\n", "ok")]
    public async Task A_stream_is_judged_by_what_it_says(string body, string outcome)
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync(body));

        var result = await Loads.RunAsync(Loads.Streams(server.Url, 3));

        Assert.Equal(Loads.Counts((outcome, 3)), result.Outcomes);
        Assert.Equal(outcome == "malformed" ? 3 : 1, result.Connects);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", false, "cut_in_body")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true, "cut_in_body")]
    [InlineData("", false, "closed_before_head")]
    [InlineData("SSH-2.0-server\r\n\r\n", false, "malformed")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nuntil close", false, "ok")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false, "ok")]
    public async Task A_connection_that_ends_is_judged_by_where_it_ends(string answer, bool resets, string outcome)
    {
        await using var server = new RawServer(Encoding.ASCII.GetBytes(answer), resets);

        var result = await Loads.RunAsync(Loads.Closed(server.Url, 1, 3));

        Assert.Equal(Loads.Counts((outcome, 3)), result.Outcomes);
        Assert.Equal(3, result.Connects);
        Assert.Equal(outcome == "ok" ? 0 : 3, result.Failures.Count);
    }

    [Fact]
    public async Task A_port_nobody_listens_on_is_a_failed_connection()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var result = await Loads.RunAsync(Loads.Closed(new Uri($"http://{taken.LocalEndPoint}"), 2, 4));

        Assert.Equal(Loads.Counts(("connect_failed", 4)), result.Outcomes);
        Assert.Equal(0, result.Connects);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up_at_the_timeout()
    {
        await using var server = await WebServer.StartAsync(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));

        var result = await Loads.RunAsync(Loads.Closed(server.Url, 3, 6) with { Timeout = TimeSpan.FromMilliseconds(200) });

        Assert.Equal(Loads.Counts(("timeout", 6)), result.Outcomes);
        Assert.InRange(result.FailureLatency!.Min, 199, 5_000);
    }

    [Fact]
    public async Task Statuses_are_counted_and_400_and_above_are_failures()
    {
        var count = 0;
        await using var server = await WebServer.StartAsync(context =>
        {
            context.Response.StatusCode = (Interlocked.Increment(ref count) % 3) switch { 0 => 200, 1 => 404, _ => 503 };
            return Task.CompletedTask;
        });

        var result = await Loads.RunAsync(Loads.Closed(server.Url, 1, 9));

        Assert.Equal(Loads.Counts(("200", 3), ("404", 3), ("503", 3)), result.Statuses);
        Assert.Equal((3L, 6L, 6L), (result.Ok, result.Failed, result.Outcomes["http_error"]));
    }

    [Fact]
    public async Task Goodput_counts_answers_within_the_target()
    {
        var count = 0;
        await using var server = await WebServer.StartAsync(context =>
            Interlocked.Increment(ref count) % 4 == 0 ? Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System) : Task.CompletedTask);

        var result = await Loads.RunAsync(Loads.Closed(server.Url, 4, 8));

        Assert.Equal(8, result.Ok);
        Assert.Equal(0.75, result.GoodShare);
    }

    [Fact]
    public async Task Cancelled_it_ends_at_once()
    {
        using var arrived = new CancellationTokenSource();
        await using var server = await WebServer.StartAsync(async context =>
        {
            await arrived.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => LoadEngine.RunAsync(Loads.Closed(server.Url, 1, 1), TimeProvider.System, cancellation: arrived.Token));
    }
}
