using System.Text;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>One pipeline for a class of tests, in front of a destination whose bytes the tests write. Limits: first byte 60 s, between chunks 10 s.</summary>
public sealed class Scene : IAsyncLifetime
{
    public const string Chat = "/v1/chat/completions";
    public const string Event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    public static readonly TimeSpan FirstByte = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan BetweenChunks = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Total = TimeSpan.FromSeconds(30);

    private static readonly TimeoutOptions Limits = new() { FirstByte = FirstByte, BetweenChunks = BetweenChunks };
    private readonly StuckListener _stuck = new();

    /// <summary>Requests sent so far.</summary>
    internal int Sent { get; set; }

    internal WireHost Host { get; private set; } = null!;

    internal ScriptedDestination Destination { get; } = new();

    public async ValueTask InitializeAsync() => Host = await WireHost.StartAsync(Routes, Clusters);

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Destination.DisposeAsync();
        _stuck.Dispose();
    }

    internal static byte[] Body(bool stream = true, int length = 0) => Encoding.UTF8.GetBytes(
        $$"""{"model":"m","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"{{new string('x', length)}}"}]}""");

    internal async Task<Caller> CallAsync(string protocol)
    {
        Sent++;
        return await Host.CallAsync(protocol);
    }

    /// <summary>A caller whose request has reached the destination whole.</summary>
    internal async Task<(Caller Caller, Exchange Exchange)> AskAsync(
        string protocol = "HTTP/1.1", string path = Chat, bool stream = true, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        var caller = await CallAsync(protocol);
        await caller.SendAsync(path, body ?? Body(stream), null, headers);
        var exchange = await Destination.NextAsync();
        await exchange.Body.Soon();
        return (caller, exchange);
    }

    /// <summary>Waits until everything sent so far was settled, then checks that nothing is left.</summary>
    internal Task RestAsync() => Host.RestAsync(Sent);

    private IReadOnlyList<RouteConfig> Routes =>
    [
        Route("plain", new RouteExtensions { Timeouts = Limits with { Total = Total } }, path: "/plain/{**rest}"),
        Route("total", new RouteExtensions { Inference = true, Timeouts = Limits with { Total = Total } }, header: "total"),
        Route("stuck", new RouteExtensions { Inference = true, Timeouts = Limits with { Total = Total } }, "stuck", "stuck"),
        Route("large", new RouteExtensions { Inference = true, Timeouts = Limits, RequestBody = new() { MaxBytes = 64L << 20 } }, header: "large"),
        Route("cut", new RouteExtensions { Inference = true, Response = new() { BrokenStream = BrokenStreams.Cut } }, header: "cut"),
        Route("limits", new RouteExtensions { Inference = true, Timeouts = Limits }),
    ];

    private IReadOnlyList<ClusterConfig> Clusters => [Cluster("llm", Destination.Address), Cluster("stuck", _stuck.Address)];

    /// <summary>One permit for everybody and one for each: a request that did not give its own back would be the last.</summary>
    private static RouteConfig Route(string id, RouteExtensions extensions, string cluster = "llm", string? header = null, string path = "/{**rest}") =>
        WireHost.Route(id, extensions with { Limits = new() { PerClient = new() { Concurrent = 1 }, PerEndpoint = new() { Concurrent = 1 } } }, cluster, header, path);

    private static ClusterConfig Cluster(string id, string address) =>
        ExtensionsCarrier.Attach(WireHost.Cluster(id, address), new ClusterExtensions { Admission = new() { MaxInFlight = 1 } });
}
