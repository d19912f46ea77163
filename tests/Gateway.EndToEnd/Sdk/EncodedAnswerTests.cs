using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>Clients offer compression by default. An answer the gateway has to watch is asked for plainly, and one that is compressed all the same passes as it is.</summary>
public sealed class EncodedAnswerTests : IAsyncLifetime
{
    private const string Body = """{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello"}]}""";

    private readonly TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication _server = null!;
    private GatewayFixture _gateway = null!;
    private bool _obeys;
    private bool _breaks;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync();
        _gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([new Uri(_server.Urls.First())]));
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_server_that_compresses_on_request_is_asked_not_to()
    {
        _obeys = true;
        _more.SetResult();
        var answer = await WireCalls.SendAsync(_gateway.Proxy, "/v1/chat/completions", Body);

        Assert.False(answer.Headers.ContainsKey("Content-Encoding"));
        Assert.EndsWith("data: [DONE]\n\n", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_compressed_stream_is_not_held_back()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        using var answer = await _gateway.Proxy.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var plain = new GZipStream(await answer.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var reader = new StreamReader(plain);

        // The server writes no second event before the first has arrived here.
        Assert.Equal("data: {\"n\":1}", await reader.ReadLineAsync());
        _more.SetResult();
        Assert.Equal("\ndata: {\"n\":2}\n\ndata: [DONE]\n\n", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task A_compressed_stream_that_breaks_gets_nothing_put_in()
    {
        _breaks = true;
        _more.SetResult();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        using var answer = await _gateway.Proxy.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var raw = await answer.Content.ReadAsStreamAsync();
        using var received = new MemoryStream();

        await Assert.ThrowsAnyAsync<IOException>(() => raw.CopyToAsync(received));
        received.Position = 0;
        await using var plain = new GZipStream(received, CompressionMode.Decompress);
        using var reader = new StreamReader(plain);
        Assert.Equal("data: {\"n\":1}\n\ndata: {\"n\":2}\n\n", await reader.ReadToEndAsync());
        Assert.DoesNotContain("upstream_reset", Encoding.Latin1.GetString(received.ToArray()), StringComparison.Ordinal);
    }

    private async Task AnswerAsync(HttpContext http)
    {
        if (HttpMethods.IsGet(http.Request.Method))
        {
            await http.Response.WriteAsJsonAsync(new { data = new[] { new { id = "m" } } }, JsonSerializerOptions.Web);
            return;
        }

        await http.Request.Body.CopyToAsync(Stream.Null);
        http.Response.ContentType = "text/event-stream";
        var isPlain = _obeys && !http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal);
        if (!isPlain)
        {
            http.Response.Headers.ContentEncoding = "gzip";
        }

        var output = isPlain ? http.Response.Body : new GZipStream(http.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await output.WriteAsync("data: {\"n\":1}\n\n"u8.ToArray());
        await output.FlushAsync();
        await _more.Task;
        await output.WriteAsync("data: {\"n\":2}\n\n"u8.ToArray());
        await output.FlushAsync();
        if (_breaks)
        {
            throw new IOException("on purpose");
        }

        await output.WriteAsync("data: [DONE]\n\n"u8.ToArray());
        await output.DisposeAsync();
    }
}
