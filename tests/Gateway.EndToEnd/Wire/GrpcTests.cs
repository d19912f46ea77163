using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>gRPC over clear text through the gateway: the four kinds of calls, trailers, deadlines and cancellation.</summary>
public sealed class GrpcTests : IAsyncLifetime
{
    private WebApplication _server = null!;
    private FileGateway _gateway = null!;
    private GrpcChannel _channel = null!;
    private CallInvoker _calls = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<EchoCalls>();
        _server = builder.Build();
        _server.MapGrpcService<EchoCalls>();
        await _server.StartAsync();
        _gateway = await FileGateway.StartAsync("{}", $$"""
            { "ReverseProxy": {
                "Routes": { "all": { "ClusterId": "grpc", "Match": { "Path": "/{**rest}" } } },
                "Clusters": { "grpc": {
                  "HttpRequest": { "Version": "2", "VersionPolicy": "RequestVersionExact" },
                  "Destinations": { "d": { "Address": "{{_server.Urls.First()}}" } } } } } }
            """);
        _channel = GrpcChannel.ForAddress(_gateway.Proxy, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { UseProxy = false } });
        _calls = _channel.CreateCallInvoker();
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _gateway.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Unary_with_headers_and_trailers()
    {
        using var call = _calls.AsyncUnaryCall(EchoCalls.Unary, null, new CallOptions(new Metadata { { "asked", "yes" }, { "raw-bin", new byte[] { 0, 255 } } }), "hello");
        Assert.Equal("hello", await call.ResponseAsync);
        Assert.Equal("yes", (await call.ResponseHeadersAsync).GetValue("answered"));
        Assert.Equal("1", call.GetTrailers().GetValue("count"));
        Assert.Equal(new byte[] { 0, 255 }, call.GetTrailers().GetValueBytes("raw-bin"));
    }

    [Fact]
    public async Task A_server_stream_comes_as_it_is_sent()
    {
        using var call = _calls.AsyncServerStreamingCall(EchoCalls.Server, null, default, "a");
        for (var i = 0; i < 5; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal($"a{i}", call.ResponseStream.Current);
            EchoCalls.Of(_server).Step();
        }

        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("5", call.GetTrailers().GetValue("count"));
    }

    [Fact]
    public async Task A_client_stream_is_taken_whole()
    {
        using var call = _calls.AsyncClientStreamingCall(EchoCalls.Client, null, default);
        for (var i = 0; i < 5; i++)
        {
            await call.RequestStream.WriteAsync($"{i}");
        }

        await call.RequestStream.CompleteAsync();
        Assert.Equal("01234", await call.ResponseAsync);
    }

    [Fact]
    public async Task Both_directions_at_once()
    {
        using var call = _calls.AsyncDuplexStreamingCall(EchoCalls.Both, null, default);
        for (var i = 0; i < 20; i++)
        {
            await call.RequestStream.WriteAsync($"{i}");
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal($"{i}", call.ResponseStream.Current);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task An_error_arrives_with_its_trailers()
    {
        var failed = await Assert.ThrowsAsync<RpcException>(() => _calls.AsyncUnaryCall(EchoCalls.Unary, null, default, "fail").ResponseAsync);
        Assert.Equal((StatusCode.FailedPrecondition, "as asked"), (failed.StatusCode, failed.Status.Detail));
        Assert.Equal("why", failed.Trailers.GetValue("reason"));
    }

    [Fact]
    public async Task A_deadline_reaches_the_destination()
    {
        // The first call takes as long as it takes; only then has a deadline a meaning.
        await _calls.AsyncUnaryCall(EchoCalls.Unary, null, default, "hello").ResponseAsync;
        using var call = _calls.AsyncUnaryCall(EchoCalls.Unary, null, new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(3)), "wait");
        var failed = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.DeadlineExceeded, failed.StatusCode);
        Assert.True(await EchoCalls.Of(_server).NextCanceledAsync(), "the destination was told when it would end");
    }

    [Fact]
    public async Task A_cancelled_call_is_cancelled_at_the_destination()
    {
        using var call = _calls.AsyncDuplexStreamingCall(EchoCalls.Both, null, default);
        await call.RequestStream.WriteAsync("a");
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        call.Dispose();
        Assert.False(await EchoCalls.Of(_server).NextCanceledAsync());
    }

    [Fact]
    public async Task A_destination_that_is_gone_is_unavailable()
    {
        await _server.StopAsync();
        var failed = await Assert.ThrowsAsync<RpcException>(() => _calls.AsyncUnaryCall(EchoCalls.Unary, null, default, "hello").ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, failed.StatusCode);
    }
}

/// <summary>The calls the tests make, bound without generated code.</summary>
[BindServiceMethod(typeof(EchoCalls), nameof(Bind))]
public class EchoCalls
{
    private readonly System.Threading.Channels.Channel<int> _steps = System.Threading.Channels.Channel.CreateUnbounded<int>();
    private readonly ConcurrentQueue<bool> _canceled = new();

    public static Method<string, string> Unary { get; } = Of(MethodType.Unary, nameof(UnaryAsync));

    public static Method<string, string> Server { get; } = Of(MethodType.ServerStreaming, nameof(ServerAsync));

    public static Method<string, string> Client { get; } = Of(MethodType.ClientStreaming, nameof(ClientAsync));

    public static Method<string, string> Both { get; } = Of(MethodType.DuplexStreaming, nameof(BothAsync));

    public static EchoCalls Of(WebApplication server) => server.Services.GetRequiredService<EchoCalls>();

    public static void Bind(ServiceBinderBase binder, EchoCalls? calls)
    {
        binder.AddMethod(Unary, calls is null ? null! : calls.UnaryAsync);
        binder.AddMethod(Server, calls is null ? null! : calls.ServerAsync);
        binder.AddMethod(Client, calls is null ? null! : calls.ClientAsync);
        binder.AddMethod(Both, calls is null ? null! : calls.BothAsync);
    }

    /// <summary>Lets a server stream send its next message.</summary>
    public void Step() => _steps.Writer.TryWrite(0);

    /// <summary>Waits until a call was cancelled; whether it had a deadline.</summary>
    public async Task<bool> NextCanceledAsync()
    {
        var hadDeadline = false;
        await Eventually.TrueAsync(() => _canceled.TryDequeue(out hadDeadline), "the destination is told");
        return hadDeadline;
    }

    public virtual async Task<string> UnaryAsync(string request, ServerCallContext context)
    {
        switch (request)
        {
            case "fail":
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "as asked"), new Metadata { { "reason", "why" } });
            case "wait":
                await UntilCanceledAsync(context);
                break;
            default:
                await context.WriteResponseHeadersAsync(new Metadata { { "answered", context.RequestHeaders.GetValue("asked") ?? "no" } });
                context.ResponseTrailers.Add("count", "1");
                context.ResponseTrailers.Add("raw-bin", context.RequestHeaders.GetValueBytes("raw-bin") ?? []);
                break;
        }

        return request;
    }

    public virtual async Task ServerAsync(string request, IServerStreamWriter<string> answers, ServerCallContext context)
    {
        for (var i = 0; i < 5; i++)
        {
            await answers.WriteAsync($"{request}{i}");
            await _steps.Reader.ReadAsync(context.CancellationToken);
        }

        context.ResponseTrailers.Add("count", "5");
    }

    public virtual async Task<string> ClientAsync(IAsyncStreamReader<string> requests, ServerCallContext context)
    {
        var all = "";
        await foreach (var request in requests.ReadAllAsync())
        {
            all += request;
        }

        return all;
    }

    public virtual async Task BothAsync(IAsyncStreamReader<string> requests, IServerStreamWriter<string> answers, ServerCallContext context)
    {
        await using var registration = context.CancellationToken.Register(() => _canceled.Enqueue(context.Deadline != DateTime.MaxValue));
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
        {
            await answers.WriteAsync(request);
        }
    }

    private async Task UntilCanceledAsync(ServerCallContext context)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        }
        finally
        {
            _canceled.Enqueue(context.Deadline != DateTime.MaxValue);
        }
    }

    private static Method<string, string> Of(MethodType type, string name) => new(type, "blaze.Echo", name, Marshallers.StringMarshaller, Marshallers.StringMarshaller);
}
