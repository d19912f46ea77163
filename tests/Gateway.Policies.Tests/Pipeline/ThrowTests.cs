using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;
using Yarp.ReverseProxy.Transforms;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Code of others that runs inside the pipeline (a policy, transforms) throws or dawdles; the request still ends in order.</summary>
public sealed class ThrowTests : IAsyncLifetime
{
    private readonly ScriptedDestination _destination = new();
    private WireHost _host = null!;
    private int _sent;

    public async ValueTask InitializeAsync() => _host = await WireHost.StartAsync(
        [
            WireHost.Route("pick", new RouteExtensions { Inference = true }, "pick", "pick"),
            WireHost.Route("chat", new RouteExtensions { Inference = true }),
        ],
        [
            WireHost.Cluster("llm", _destination.Address),
            WireHost.Cluster("pick", _destination.Address) with { LoadBalancingPolicy = "Throws" },
        ],
        proxy =>
        {
            proxy.Services.AddSingleton<ILoadBalancingPolicy, ThrowingPolicy>();
            proxy.AddTransforms(transforms =>
            {
                transforms.AddRequestTransform(transform => Act(transform.HttpContext, "request"));
                transforms.AddResponseTransform(transform => Act(transform.HttpContext, "response"));
                transforms.AddResponseTrailersTransform(transform => Act(transform.HttpContext, "trailers"));
            });
        });

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _destination.DisposeAsync();
    }

    [Theory]
    [InlineData("pick", "HTTP/1.1", "internal_error")]
    [InlineData("pick", "HTTP/2", "internal_error")]
    [InlineData("request", "HTTP/1.1", "internal_error")]
    [InlineData("request", "HTTP/2", "internal_error")]
    [InlineData("response", "HTTP/1.1", "upstream_protocol_error")]
    [InlineData("response", "HTTP/2", "upstream_protocol_error")]
    public async Task What_throws_before_the_answer_is_answered_with_an_error(string where, string protocol, string code)
    {
        await using var caller = await _host.CallAsync(protocol);
        await caller.SendAsync(Scene.Chat, Scene.Body(), null, ("X-Case", where));
        _sent++;
        if (where == "response")
        {
            await (await _destination.NextAsync()).AnswerAsync("{}");
        }

        await caller.HeadAsync();
        Assert.Equal(code, caller.Header("X-Blaze-Error"));
        Assert.True((await caller.EndAsync()).IsComplete);
        await _host.RestAsync(_sent);
        Assert.Equal(code, _host.Records.Last.ErrorCode);
        Assert.False(_destination.HasWaiting);
    }

    /// <summary>Trailers, and what forms them, exist in HTTP/2 only.</summary>
    [Fact]
    public async Task What_throws_after_the_answer_cuts_it()
    {
        await using var caller = await _host.CallAsync("HTTP/2");
        await caller.SendAsync(Scene.Chat, Scene.Body(), null, ("X-Case", "trailers"));
        _sent++;
        var exchange = await _destination.NextAsync();
        await exchange.BeginEventsAsync();
        await exchange.ChunkAsync(Scene.Event);
        await exchange.EndAsync();

        await caller.HeadAsync();
        Assert.False((await caller.EndAsync()).IsComplete);
        await _host.RestAsync(_sent);
        Assert.Equal((Outcome.GatewayError, "internal_error"), (_host.Records.Last.Outcome, _host.Records.Last.ErrorCode));
    }

    /// <summary>
    /// The client leaves while nothing is being read from the destination. Its connection must be closed all the same and at once; SocketsHttpHandler would
    /// read on for 2 s in the hope to use it again. The quickest of several must be far below that, however busy the machine is.
    /// </summary>
    [Fact]
    public async Task A_client_that_leaves_between_two_reads_is_noticed_at_once()
    {
        var quickest = TimeSpan.MaxValue;
        for (var i = 0; i < 4; i++)
        {
            await using var caller = await _host.CallAsync("HTTP/1.1");
            await caller.SendAsync(Scene.Chat, Scene.Body(), null, ("X-Case", "dawdle"));
            _sent++;
            var exchange = await _destination.NextAsync();
            await exchange.BeginEventsAsync();
            await exchange.ChunkAsync(Scene.Event);
            await Waiting.UntilAsync(() => Volatile.Read(ref _dawdling) > i, () => "The answer's head did not arrive.");

            var left = TimeProvider.System.GetTimestamp();
            await caller.LeaveAsync();
            await exchange.Closed.Soon();
            var took = TimeProvider.System.GetElapsedTime(left);
            quickest = took < quickest ? took : quickest;
            await _host.RestAsync(_sent);
            Assert.Equal(Outcome.ClientCanceled, _host.Records.Last.Outcome);
        }

        Assert.InRange(quickest, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    private int _dawdling;

    private async ValueTask Act(HttpContext http, string where)
    {
        var wanted = http.Request.Headers["X-Case"];
        if (wanted == where)
        {
            throw new InvalidOperationException($"The transform of the {where} fails on purpose.");
        }

        if (where == "response" && wanted == "dawdle")
        {
            var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = http.RequestAborted.Register(left.SetResult);
            Interlocked.Increment(ref _dawdling);
            await left.Task;
        }
    }

    private sealed class ThrowingPolicy : ILoadBalancingPolicy
    {
        public string Name => "Throws";

        public DestinationState PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations) =>
            throw new InvalidOperationException("The policy fails on purpose.");
    }
}
