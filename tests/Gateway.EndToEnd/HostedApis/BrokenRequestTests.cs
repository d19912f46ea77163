using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BlazeGateway.EndToEnd.HostedApis;

/// <summary>A destination that goes away while a request is sent to it is at fault, not the client whose request the gateway holds.</summary>
public sealed class BrokenRequestTests
{
    // Only requests ask the destination: a probe or a list of models would find it dead, and it would get no more requests.
    private const string Unasked = """{ "ModelServer": { "Kind": "vllm", "Models": [ "m" ] }, "Health": { "Probe": false } }""";

    [Theory]
    [InlineData(HttpProtocols.Http1, "1.1")]
    [InlineData(HttpProtocols.Http2, "2")]
    public async Task It_is_told_as_the_destinations_failure(HttpProtocols protocol, string version)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocol));
        await using var server = builder.Build();
        server.Run(BreakOffAsync);
        await server.StartAsync();
        await using var gateway = await GatewayFixture.StartAsync(Routes(new Uri(server.Urls.First()), version));
        var text = new string('x', 4_000_000);

        for (var i = 0; i < 5; i++)
        {
            await AssertFailedAsync(gateway, text);
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2")]
    public async Task Also_when_it_hangs_up_on_every_connection(string version)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stop = new CancellationTokenSource();
        var hangingUp = HangUpAsync(listener, stop.Token);
        var routes = Routes(new Uri($"http://{listener.LocalEndpoint}/"), version);
        await using (var gateway = await GatewayFixture.StartAsync(routes))
        {
            for (var i = 0; i < 300; i++)
            {
                await AssertFailedAsync(gateway, "Hello");
            }
        }

        await stop.CancelAsync();
        await hangingUp;
    }

    private static async Task HangUpAsync(TcpListener listener, CancellationToken stop)
    {
        var buffer = new byte[64];
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var connection = await listener.AcceptSocketAsync(stop);
                await connection.ReceiveAsync(buffer, stop);
            }
            catch (Exception left) when (left is OperationCanceledException or SocketException)
            {
                // The other side, or the test, was faster.
            }
        }
    }

    private static string Routes(Uri server, string version) => GatewayFixture.Routes([server], cluster: Unasked).Replace("\"Destinations\":", $$"""
        "HttpRequest": { "Version": "{{version}}", "VersionPolicy": "RequestVersionExact" }, "Destinations":
        """, StringComparison.Ordinal);

    private static async Task AssertFailedAsync(GatewayFixture gateway, string text)
    {
        var body = $$"""{"model":"m","messages":[{"role":"user","content":"{{text}}"}]}""";
        using var answer = await gateway.Proxy.PostAsync("/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.StartsWith("upstream_", answer.Headers.GetValues("X-Blaze-Error").Single(), StringComparison.Ordinal);
    }

    private static async Task BreakOffAsync(HttpContext http)
    {
        if (HttpMethods.IsGet(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        await http.Request.BodyReader.ReadAsync();
        http.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
    }
}
