using System.Net;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Yarp.ReverseProxy.Forwarder;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Destinations that speak HTTP/2: a stream of a connection breaks, is given up, and ends while others go on.</summary>
public sealed class Http2DestinationTests : IAsyncLifetime
{
    private const int InternalError = 2;
    private const int RefusedStream = 7;
    private const string Half = "data: {\"choi";
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication _destination = null!;
    private WireHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        _destination = builder.Build();
        _destination.Run(ServeAsync);
        await _destination.StartAsync();
        _host = await WireHost.StartAsync(
            [WireHost.Route("chat", new RouteExtensions { Inference = true })],
            [
                WireHost.Cluster("llm", _destination.Urls.First()) with
                {
                    HttpRequest = new ForwarderRequestConfig { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact },
                },
            ]);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _destination.DisposeAsync();
    }

    [Theory]
    [InlineData("HTTP/1.1", "head", 502, "upstream_reset", "")]
    [InlineData("HTTP/2", "refused", 502, "upstream_reset", "")]
    [InlineData("HTTP/1.1", "after head", 502, "upstream_reset", "")]
    [InlineData("HTTP/1.1", "between", 200, "upstream_reset", Scene.Event)]
    [InlineData("HTTP/2", "between", 200, "upstream_reset", Scene.Event)]
    [InlineData("HTTP/1.1", "inside", 200, "upstream_reset", Scene.Event + Half)]
    [InlineData("HTTP/2", "inside", 200, "upstream_reset", Scene.Event + Half)]
    public async Task A_stream_that_is_reset_ends_as_a_connection_that_is(string protocol, string where, int status, string code, string came)
    {
        await using var caller = await _host.CallAsync(protocol);
        await caller.SendAsync(Scene.Chat, Scene.Body(), null, ("X-Where", where));
        await caller.HeadAsync();
        Assert.Equal(status, caller.Status);
        Assert.Equal(came, await caller.TextAsync(came.Length));
        _finish.SetResult();
        var ending = await caller.EndAsync();
        Assert.Equal(status != 200, ending.IsComplete);
        if (status == 200)
        {
            // A client may notice the reset of an HTTP/2 stream before it has read the event.
            var isTold = ending.Text.Contains("\"code\":\"upstream_reset\"", StringComparison.Ordinal);
            Assert.True(isTold == (where == "between") || (protocol == "HTTP/2" && ending.Text.Length == 0), ending.Text);
        }
        else
        {
            Assert.Equal(code, caller.Header("X-Blaze-Error"));
        }

        await _host.RestAsync(1);
        Assert.Equal((code, status == 200 ? Outcome.StreamBroken : Outcome.BackendError), (_host.Records.Last.ErrorCode, _host.Records.Last.Outcome));
    }

    [Theory]
    [InlineData("HTTP/1.1", "silent")]
    [InlineData("HTTP/2", "silent")]
    [InlineData("HTTP/1.1", "standing")]
    [InlineData("HTTP/2", "standing")]
    public async Task A_client_that_leaves_resets_its_stream_and_no_other(string protocol, string where)
    {
        await using var other = await _host.CallAsync(protocol);
        await other.SendAsync(Scene.Chat, Scene.Body(), null, ("X-Where", "finishing"));
        await using var caller = await _host.CallAsync(protocol);
        await caller.SendAsync(Scene.Chat, Scene.Body(), null, ("X-Where", where));
        if (where == "standing")
        {
            await caller.HeadAsync();
            Assert.Equal(Scene.Event, await caller.TextAsync(Scene.Event.Length));
        }
        else
        {
            await _reached.Task.Soon();
        }

        await caller.LeaveAsync();

        await _aborted.Task.Soon();
        _finish.SetResult();
        await other.HeadAsync();
        Assert.Equal((true, Scene.Event), (other.Status == 200, (await other.EndAsync()).Text));
        await _host.RestAsync(2);
    }

    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finish = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task ServeAsync(HttpContext http)
    {
        await http.Request.Body.CopyToAsync(Stream.Null);
        var where = http.Request.Headers["X-Where"].ToString();
        switch (where)
        {
            case "head":
                Reset(http, InternalError);
                return;
            case "refused":
                Reset(http, RefusedStream);
                return;
            case "silent":
                await StandAsync(http);
                return;
        }

        http.Response.ContentType = "text/event-stream";
        await http.Response.StartAsync();
        await http.Response.Body.FlushAsync();
        if (where != "after head")
        {
            await http.Response.WriteAsync(Scene.Event);
        }

        switch (where)
        {
            case "standing":
                await StandAsync(http);
                return;
            case "finishing":
                await _finish.Task;
                return;
            case "inside":
                await http.Response.WriteAsync(Half);
                break;
        }

        // A reset overtakes what was written before it.
        await (where == "after head" ? Task.CompletedTask : _finish.Task);
        Reset(http, InternalError);
    }

    private async Task StandAsync(HttpContext http)
    {
        using var aborted = http.RequestAborted.Register(() => _aborted.TrySetResult());
        _reached.TrySetResult();
        await _aborted.Task;
    }

    private static void Reset(HttpContext http, int code) => http.Features.Get<IHttpResetFeature>()!.Reset(code);
}
