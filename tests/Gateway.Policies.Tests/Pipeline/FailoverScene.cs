using System.Net;
using System.Net.Sockets;
using System.Text;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>A pipeline in front of several destinations that go round in turn and are neither probed nor ejected, so that every failure meets the attempts alone.</summary>
internal sealed class FailoverScene : IAsyncDisposable
{
    public const string Chat = Scene.Chat;
    public const string Answer = """{"choices":[{"message":{"content":"Hi"}}]}""";
    public static readonly ClusterExtensions Calm = new() { Health = new() { Probe = false, Eject = false } };

    private int _sent;

    private FailoverScene(WireHost host, ScriptedDestination[] destinations)
    {
        Host = host;
        Destinations = destinations;
    }

    public WireHost Host { get; }

    public ScriptedDestination[] Destinations { get; }

    public static async Task<FailoverScene> StartAsync(
        int destinations, RouteExtensions? route = null, ClusterExtensions? cluster = null, Func<ClusterConfig, ClusterConfig>? change = null, Action<Microsoft.Extensions.DependencyInjection.IReverseProxyBuilder>? proxy = null, ClientsOptions? clients = null, params string[] dead)
    {
        var all = Enumerable.Range(0, destinations).Select(_ => new ScriptedDestination { AnswersQuestions = cluster?.ModelServer is not null }).ToArray();
        var config = WireHost.Cluster("llm", [.. all.Select(one => one.Address), .. dead]) with { LoadBalancingPolicy = "RoundRobin" };
        config = ExtensionsCarrier.Attach(change?.Invoke(config) ?? config, cluster ?? Calm);
        return new FailoverScene(await WireHost.StartAsync([WireHost.Route("all", route ?? new() { Inference = true })], [config], proxy, clients is null ? null : options => options.Clients = clients), all);
    }

    /// <summary>An address that refuses connections.</summary>
    public static string Dead()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return $"http://{listener.LocalEndPoint}/";
    }

    public static byte[] Body(string text = "Hello", string more = "") => Encoding.UTF8.GetBytes(
        $$"""{"model":"m",{{more}}"messages":[{"role":"user","content":"{{text}}"}]}""");

    /// <summary>Sends a request.</summary>
    public async Task<Caller> SendAsync(byte[]? body = null, string path = Chat, string protocol = "HTTP/1.1", params (string Name, string Value)[] headers)
    {
        _sent++;
        var caller = await Host.CallAsync(protocol);
        await caller.SendAsync(path, body ?? Body(), null, headers);
        return caller;
    }

    /// <summary>Counts a request that is sent in another way.</summary>
    public void Counts() => _sent++;

    /// <summary>The next request that reaches any destination, and which one.</summary>
    public async Task<(Exchange Exchange, int Destination)> NextAsync()
    {
        await Waiting.UntilAsync(() => Array.Exists(Destinations, one => one.HasWaiting), () => "No request reached a destination.");
        var index = Array.FindIndex(Destinations, one => one.HasWaiting);
        var exchange = await Destinations[index].NextAsync();
        await exchange.Body.Soon();
        return (exchange, index);
    }

    /// <summary>Nothing is left anywhere once all requests were settled.</summary>
    public Task RestAsync() => Host.RestAsync(_sent);

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        foreach (var destination in Destinations)
        {
            await destination.DisposeAsync();
        }
    }
}
