using System.Net;
using System.Net.Sockets;
using BlazeGateway.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.Tests.CommandLine;

public class HealthcheckCommandTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static async Task<WebApplication> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }

    private static async Task<(int Code, string Line)> CheckAsync(string url, TimeSpan? patience = null)
    {
        using var output = new StringWriter();
        var code = await HealthcheckCommand.RunAsync(url, patience ?? Patience, output, TestContext.Current.CancellationToken);
        Assert.Equal(1, output.ToString().AsSpan().Count('\n'));
        return (code, output.ToString().TrimEnd());
    }

    [Theory]
    [InlineData(200, 0)]
    [InlineData(204, 0)]
    [InlineData(302, 1)]
    [InlineData(404, 1)]
    [InlineData(503, 1)]
    public async Task The_status_code_decides(int status, int expected)
    {
        await using var app = await StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/readyz" ? status : 500;
            return Task.CompletedTask;
        });
        Assert.Equal(expected, (await CheckAsync(app.Urls.Single())).Code);
    }

    [Fact]
    public async Task The_reason_is_shown_in_one_line()
    {
        await using var app = await StartAsync(context =>
        {
            context.Response.StatusCode = 503;
            return context.Response.WriteAsync("not ready: destinations\nmore\n");
        });
        var (code, line) = await CheckAsync(app.Urls.Single() + "/readyz");
        Assert.Equal(1, code);
        Assert.StartsWith("503 from ", line, StringComparison.Ordinal);
        Assert.EndsWith("not ready: destinations", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_hangs_is_not_ready()
    {
        await using var app = await StartAsync(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        var (code, line) = await CheckAsync(app.Urls.Single(), TimeSpan.FromMilliseconds(200));
        Assert.Equal(1, code);
        Assert.Contains("did not answer within 0.2 s", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_is_not_ready()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var (code, line) = await CheckAsync($"http://{socket.LocalEndPoint}");
        Assert.Equal(1, code);
        Assert.Contains("cannot be asked", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("readyz")]
    [InlineData("ftp://127.0.0.1/")]
    public async Task A_bad_address_is_an_error_of_the_command_line(string url)
    {
        var (code, line) = await CheckAsync(url);
        Assert.Equal(2, code);
        Assert.Contains($"'{url}'", line, StringComparison.Ordinal);
    }
}
