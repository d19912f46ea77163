using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Tests.Bench;

public class BenchCommandTests
{
    [Fact]
    public async Task Writes_results_as_json_and_exits_with_0()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("hello"));
        var file = Path.GetTempFileName();
        try
        {
            var (exit, output, _) = await BlazeAsync("--url", server.Url.ToString(), "--concurrency", "2", "--requests", "50", "--format", "json", "-o", file);

            Assert.Equal(0, exit);
            Assert.Equal(output, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
            var root = JsonDocument.Parse(output).RootElement;
            Assert.Equal(50, root.GetProperty("ok").GetInt64());
            Assert.Equal(50, root.GetProperty("outcomes").GetProperty("ok").GetInt64());
            Assert.Equal(50, root.GetProperty("statuses").GetProperty("200").GetInt64());
            Assert.True(root.GetProperty("isValid").GetBoolean());
            Assert.Equal(0, root.GetProperty("void").GetArrayLength());
            foreach (var name in new[] { "count", "mean", "min", "p50", "p90", "p95", "p99", "p999", "max" })
            {
                Assert.True(root.GetProperty("latency").GetProperty(name).GetDouble() > 0, name);
            }

            Assert.True(root.GetProperty("okPerSecond").GetDouble() > 0);
            Assert.Equal(1, root.GetProperty("loader").GetProperty("cores").GetInt32());
            Assert.Equal(1, root.GetProperty("settings").GetProperty("seed").GetInt32());
            Assert.False(root.TryGetProperty("timeToFirstToken", out _));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Exits_with_1_when_requests_fail()
    {
        await using var server = await WebServer.StartAsync(context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });

        var (exit, output, _) = await BlazeAsync("--url", server.Url.ToString(), "--rate", "100", "--requests", "5");

        Assert.Equal(1, exit);
        Assert.Contains("0 ok, 5 failed", output, StringComparison.Ordinal);
        Assert.Contains("http_error", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--allow-remote", "--url", "http://192.0.2.1", "--concurrency", "1", "--requests", "1")]
    [InlineData("--concurrency is 10001", "--url", "http://127.0.0.1:1", "--concurrency", "10001", "--requests", "1")]
    [InlineData("--duration is 'soon'", "--url", "http://127.0.0.1:1", "--concurrency", "1", "--duration", "soon")]
    [InlineData("--url is 'nowhere'", "--url", "nowhere", "--concurrency", "1", "--requests", "1")]
    [InlineData("--header 'x'", "--url", "http://127.0.0.1:1", "--concurrency", "1", "--header", "x")]
    public async Task Exits_with_2_and_says_why(string message, params string[] arguments)
    {
        var (exit, output, error) = await BlazeAsync(arguments);

        Assert.Equal(2, exit);
        Assert.Empty(output);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Output, string Error)> BlazeAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "blaze.dll"), "bench", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}
